// Counting and deciding: all ballots at once, and one by one as they arrive.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "bench/kernels/ballots.h"
#include "bench/kernels/table.h"
#include "runtime/vote/tally.h"

namespace psephos::bench {
namespace {

constexpr std::uint32_t kVoters[] = {31, 64, 255, 1000};
constexpr std::uint32_t kQuickVoters = 64;
// Figures to reach are for ballots that no cache holds.
constexpr std::size_t kCachesExceeded = 4;
constexpr std::size_t kMostBytes = 4'500'000'000;

volatile std::uint32_t seen;

// What the system could give without swapping; nothing known: no bound.
std::size_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  while (file >> word) {
    std::size_t kibibytes = 0;
    if (word == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
  }
  return kMostBytes;
}

// Both planes of so many ballots in half of the memory there is.
bool fits(std::size_t parameters, std::uint32_t voters) {
  const std::size_t bytes = 2 * word_count(parameters) * sizeof(std::uint32_t) * voters;
  return bytes <= kMostBytes && bytes <= available_bytes() / 2;
}

std::optional<Target> target_for(double bytes, double ratio) {
  const std::size_t cache = last_cache_bytes();
  if (cache == 0 || bytes <= static_cast<double>(kCachesExceeded * cache)) return std::nullopt;
  return Target{Target::Of::kRatioAtLeast, ratio};
}

// The first `voters` of the ballots, their planes read and nothing else.
std::vector<std::function<void()>> reads_of(const Ballots& ballots, std::uint32_t voters,
                                            bool both) {
  return fastest_limits([&ballots, voters, both](const Limits& limits) {
    const std::size_t words = word_count(ballots.parameters);
    std::uint32_t sum = 0;
    for (std::uint32_t v = 0; v < voters; ++v) {
      sum ^= limits.read(ballots.signs[v].data(), words);
      if (both) sum ^= limits.read(ballots.voted[v].data(), words);
    }
    seen = sum;
  });
}

void decide_at_once(Tally& tally, const std::vector<SignsView>& ballots) {
  tally.clear();
  tally.add_all(ballots);
  seen = tally.decide(1).signs[0];
}

// As a coordinator's, the tally of the round before is used again.
void stream(Tally& tally, const Ballots& ballots, std::uint32_t voters) {
  tally.clear();
  for (std::uint32_t v = 0; v < voters; ++v) {
    tally.add(SignsView(ballots.parameters, ballots.signs[v], {}), nullptr);
  }
  seen = tally.decide(1).signs[0];
}

void binary_rows(Table& table, const Ballots& ballots, std::uint32_t voters) {
  const kernels::Kernels& use = kernels::kernels();
  const std::vector<SignsView> views = views_of(ballots, voters, false);
  Tally tally(ballots.parameters);
  const double bytes = static_cast<double>(ballots.plane_bytes()) * voters;
  Case one{.kernel = "tally_batch",
           .isa = use.name,
           .parameters = ballots.parameters,
           .voters = voters,
           .bytes = bytes,
           .run = [&] { decide_at_once(tally, views); },
           .limits = reads_of(ballots, voters, false),
           .pure_read = true,
           .target = target_for(bytes, 0.80),
           .beside = "pure read of the ballots"};
  table.time(one);
  one.kernel = "tally_streaming";
  one.run = [&] { stream(tally, ballots, voters); };
  one.target = target_for(bytes, 0.55);
  table.time(one);
}

void ternary_row(Table& table, const Ballots& ballots, std::uint32_t voters) {
  const kernels::Kernels& use = kernels::kernels();
  const std::vector<SignsView> views = views_of(ballots, voters, true);
  Tally tally(ballots.parameters);
  const double bytes = 2.0 * static_cast<double>(ballots.plane_bytes()) * voters;
  table.time({.kernel = "tally_ternary",
              .isa = use.name,
              .parameters = ballots.parameters,
              .voters = voters,
              .bytes = bytes,
              .run = [&] { decide_at_once(tally, views); },
              .limits = reads_of(ballots, voters, true),
              .pure_read = true,
              .target = target_for(bytes, 0.65),
              .beside = "pure read of both planes"});
}

}  // namespace

void tally_rows(Table& table) {
  const bool binary = table.wants("tally_batch") || table.wants("tally_streaming");
  const bool ternary = table.wants("tally_ternary");
  if (!binary && !ternary) return;
  for (const std::size_t d : table.sizes()) {
    std::vector<std::uint32_t> crowds;
    for (const std::uint32_t voters : kVoters) {
      if (table.quick() && voters > kQuickVoters) continue;
      if (fits(d, voters)) {
        crowds.push_back(voters);
      } else {
        table.skip(
            ternary ? "tally_ternary" : "tally_batch",
            fmt::format("{} ballots of {} parameters need more memory than is free", voters, d));
      }
    }
    if (crowds.empty()) continue;
    Ballots ballots = random_ballots(d, crowds.back());
    if (binary) {
      for (const std::uint32_t voters : crowds) binary_rows(table, ballots, voters);
    }
    if (!ternary) continue;
    make_ternary(ballots);
    for (const std::uint32_t voters : crowds) ternary_row(table, ballots, voters);
  }
}

}  // namespace psephos::bench
