// What a ledger writes for a decision rule that remembers, beside its planes: a round's net counts
// as they are kept until the next checkpoint (coordinator/ledger), next to the rule's state itself
// at four bytes a parameter. Prints a row for each size and crowd.
//
// Ballots are drawn: a voter votes on a parameter with the given probability, and with the majority
// of that parameter with a probability that is its own, between a coin and certainty.

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "coordinator/ledger/packed.h"
#include "runtime/base/philox.h"
#include "runtime/vote/net_counts.h"
#include "runtime/vote/tally.h"

namespace psephos {
namespace {

PackedSigns drawn_ballot(std::size_t d, double voted, std::uint32_t voter) {
  PackedSigns ballot;
  ballot.parameters = d;
  ballot.signs.resize(word_count(d));
  ballot.voted.resize(word_count(d));
  for (std::size_t i = 0; i < d; ++i) {
    const auto words = philox({7, voter}, 0, Purpose::kFault, i);
    if (unit_interval(words[0]) >= voted) continue;
    // All voters share this draw: how sure they are of the parameter, and which way they lean.
    const auto crowd = philox({7, kRunStream}, 0, Purpose::kFault, i);
    const double agrees = 0.5 + unit_interval(crowd[0]) / 2;
    const bool minus = ((crowd[1] & 1) != 0) == (unit_interval(words[1]) < agrees);
    const BitPosition at = bit_position(i, d);
    ballot.voted[at.word] |= 1u << at.bit;
    if (minus) ballot.signs[at.word] |= 1u << at.bit;
  }
  make_canonical(ballot);
  return ballot;
}

void row(std::size_t d, std::uint32_t voters, double voted) {
  // A thousand ballots of a large model take minutes to draw: few of them, cast again and again in
  // other places, have the same counts to compress.
  const std::uint32_t different = d > 1'000'000 ? std::min(voters, 20u) : voters;
  std::vector<PackedSigns> ballots;
  for (std::uint32_t v = 0; v < different; ++v) ballots.push_back(drawn_ballot(d, voted, v));
  Tally tally(d, 2);
  for (std::uint32_t v = 0; v < voters; ++v) tally.add(ballots[v % different]);
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const Bytes plain = NetCounts(tally).serialise();
  const Bytes packed = coordinator::pack(plain);
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  fmt::print("{:>10} {:>6} {:>6.2f} {:>12} {:>12} {:>8.3f} {:>12} {:>8.1f}\n", d, voters, voted,
             plain.size(), packed.size(),
             8.0 * static_cast<double>(packed.size()) / static_cast<double>(d), 4 * d, ms);
}

}  // namespace
}  // namespace psephos

int main() {
  fmt::print("{:>10} {:>6} {:>6} {:>12} {:>12} {:>8} {:>12} {:>8}\n", "d", "voters", "voted",
             "planes", "compressed", "bits/d", "state", "ms");
  for (const std::size_t d : {std::size_t{101'770}, std::size_t{1} << 24}) {
    for (const std::uint32_t voters : {10u, 1000u}) {
      for (const double voted : {0.08, 1.0}) psephos::row(d, voters, voted);
    }
  }
}
