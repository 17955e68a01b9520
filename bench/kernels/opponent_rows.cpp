// What else counts votes, on the same 64 ballots of a million parameters. Each row is the tally's
// (or the pack's) with the opponent as its limit, so `ratio` says how many times faster we are.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bench/kernels/ballots.h"
#include "bench/kernels/child.h"
#include "bench/kernels/counters.h"
#include "bench/kernels/table.h"
#include "bench/kernels/timing.h"
#include "runtime/vote/tally.h"

namespace psephos::bench {
namespace {

constexpr std::uint32_t kVoters = 64;
constexpr std::size_t kParameters = kMillion;
constexpr const char* kPython = "/usr/bin/python3";  // Debian's, which knows its numpy and PyTorch

struct Counting {
  const char* name;
  void (*count)(std::span<const std::uint32_t* const>, std::size_t, std::int16_t*, std::uint32_t*);
  double target;
  const char* beside;
};

constexpr std::array<Counting, 3> kCountings{{
    {"int16_linear", count_linear, 50, "an int16 per parameter, bit after bit"},
    {"int16_vectorised", count_vectorised, 8, "the same, vectorised in our layout"},
    {"int16_blocked", count_blocked, 8, "the same, in blocks for the level-one cache"},
}};

// What the Python opponents time, by their names in tally.py's answer.
struct Scripted {
  const char* name;
  const char* figure;
  std::optional<double> target;
  const char* beside;
};

constexpr std::array<Scripted, 3> kScripted{{
    {"numpy", "numpy_s", 100, "numpy: unpackbits, sum, packbits"},
    {"pytorch", "pytorch_s", 100, "PyTorch: sign, sum, sign of float32"},
    {"pytorch_int8", "pytorch_int8_s", std::nullopt, "PyTorch: sum, sign of int8 signs"},
}};

bool wants_any(const Table& table, const auto& opponents) {
  return std::ranges::any_of(opponents, [&](const auto& one) { return table.wants(one.name); });
}

Case tally_case(const Ballots& ballots) {
  Case one;
  one.isa = kernels::kernels().name;
  one.parameters = kParameters;
  one.voters = kVoters;
  one.bytes = static_cast<double>(ballots.plane_bytes()) * kVoters;
  return one;
}

std::string opponents_script() {
  return std::string(PSEPHOS_SOURCE_DIR) + "/bench/opponents/tally.py";
}

void scripted_rows(Table& table, const Case& tally) {
  // Ours first, alone: the scripts take their own median of as many.
  const std::array<std::function<void()>, 1> ours{tally.run};
  const double seconds = time_in_turn(ours, table.repeats())[0].median;
  std::vector<std::string> command{
      kPython,    opponents_script(),      "--parameters", std::to_string(kParameters),
      "--voters", std::to_string(kVoters), "--repeats",    std::to_string(table.repeats())};
  const auto lines = json_lines_of(command);
  for (const Scripted& one : kScripted) {
    if (!table.wants(one.name)) continue;
    if (!lines || lines->empty() || !lines->back().contains(one.figure)) {
      table.skip(one.name, lines ? "the script has no figure of that name" : lines.error().text);
      continue;
    }
    const double theirs = lines->back().at(one.figure).get<double>();
    Row row;
    row.kernel = one.name;
    row.isa = tally.isa;
    row.parameters = kParameters;
    row.voters = kVoters;
    row.gb_s = tally.bytes / seconds * 1e-9;
    row.ns_per_parameter = seconds * 1e9 / static_cast<double>(kParameters);
    row.limit_gb_s = tally.bytes / theirs * 1e-9;
    row.ratio = theirs / seconds;
    if (one.target) row.target = Target{Target::Of::kRatioAtLeast, *one.target};
    row.beside = one.beside;
    table.add(row);
  }
}

void pack_row(Table& table) {
  const auto v = random_floats(kParameters, 1, 0);
  AlignedVector<std::uint32_t> signs(word_count(kParameters));
  table.time({.kernel = "byteps_pack",
              .isa = kernels::kernels().name,
              .parameters = kParameters,
              .bytes = sizeof(float) * static_cast<double>(kParameters),
              .run = [&] { kernels::kernels().pack_bits(v.data(), kParameters, signs.data()); },
              .limits = {[&] { pack_by_shifts(v.data(), kParameters, signs.data()); }},
              .target = {},
              .beside = "BytePS's onebit: 32 compares and shifts a word"});
}

}  // namespace

void opponent_rows(Table& table) {
  if (table.wants("byteps_pack")) pack_row(table);
  if (!wants_any(table, kCountings) && !wants_any(table, kScripted)) return;
  const Ballots ballots = random_ballots(kParameters, kVoters);
  const auto signs = pointers_to(ballots.signs, kVoters);
  const std::vector<SignsView> views = views_of(ballots, kVoters, false);
  Tally batch(kParameters);
  std::vector<std::int16_t> net(kParameters);
  std::vector<std::uint32_t> decision(word_count(kParameters));
  Case tally = tally_case(ballots);
  tally.run = [&] {
    batch.clear();
    batch.add_all(views);
    batch.decide(1);
  };
  for (const Counting& one : kCountings) {
    Case row = tally;
    row.kernel = one.name;
    row.limits = {[&] { one.count(signs, kParameters, net.data(), decision.data()); }};
    row.target = Target{Target::Of::kRatioAtLeast, one.target};
    row.beside = one.beside;
    table.time(std::move(row));
  }
  if (table.quick() &&
      !std::ranges::any_of(kScripted, [&](const Scripted& one) { return table.named(one.name); })) {
    return;  // Python alone takes longer than all of a quick table
  }
  if (wants_any(table, kScripted)) scripted_rows(table, tally);
}

}  // namespace psephos::bench
