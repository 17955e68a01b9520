#include "runtime/vote/downlink.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/vote/tally.h"
#include "tests/runtime/vote/random_signs.h"

namespace psephos {
namespace {

using testing::pack_values;

PackedSigns decided(const Tally& tally, PhiloxKey key, std::uint32_t round) {
  PackedSigns decision = tally.decide(1);
  break_ties(decision, key, round);
  return decision;
}

// Ten voters over d parameters; parameter i gets i mod 11 negative votes.
Tally ramp(std::size_t d) {
  Tally tally(d);
  for (std::size_t v = 0; v < 10; ++v) {
    std::vector<int> values(d);
    for (std::size_t i = 0; i < d; ++i) values[i] = v < i % 11 ? -1 : 1;
    tally.add(pack_values(values));
  }
  return tally;
}

TEST(Downlink, BinaryDownlinkBreaksTiesByTheAddressedCoinAndNothingElse) {
  const PhiloxKey key = {.seed = 7, .stream = kRunStream};
  for (const std::size_t d : {1u, 33u, 1100u, 2048u, 2079u}) {
    const Tally tally = ramp(d);
    const PackedSigns decision = decided(tally, key, 3);
    ASSERT_TRUE(decision.all_voted());
    std::vector<int> expected(d);
    for (std::size_t i = 0; i < d; ++i) {
      const BitPosition at = bit_position(i, d);
      const std::uint32_t coin = philox_word(key, 3, Purpose::kTieCoin, at.word) >> at.bit;
      const std::int64_t net = tally.net(i);
      expected[i] = net > 0 ? 1 : net < 0 ? -1 : (coin & 1) != 0 ? -1 : 1;
    }
    EXPECT_EQ(decision, pack_values(expected));  // bits past d included
  }
}

TEST(Downlink, TieCoinsChangeWithTheRoundAndTheRun) {
  Tally tie(2048);
  tie.add(pack_values(std::vector<int>(2048, 1)));
  tie.add(pack_values(std::vector<int>(2048, -1)));
  const PackedSigns first = decided(tie, {.seed = 1, .stream = 2}, 3);
  EXPECT_EQ(decided(tie, {.seed = 1, .stream = 2}, 3), first);
  EXPECT_NE(decided(tie, {.seed = 1, .stream = 2}, 4), first);
  EXPECT_NE(decided(tie, {.seed = 9, .stream = 2}, 3), first);
}

TEST(Downlink, ReadsAndPrintsItsWords) {
  for (const Downlink downlink : {Downlink::kTernary, Downlink::kBinary}) {
    EXPECT_EQ(*parse_downlink(to_string(downlink)), downlink);
  }
  EXPECT_EQ(parse_downlink("quaternary").error().text,
            "unknown downlink 'quaternary': known are ternary and binary");
}

}  // namespace
}  // namespace psephos
