#include "simulator/attacks.h"

#include <gtest/gtest.h>

namespace psephos::simulator {
namespace {

PackedSigns honest(std::size_t d, bool ternary) {
  PackedSigns signs;
  signs.parameters = d;
  for (std::size_t w = 0; w < word_count(d); ++w) {
    const std::uint32_t valid = valid_bits(w, d);
    const std::uint32_t voted =
        ternary ? philox_word({1, 1}, 0, Purpose::kFault, w) & valid : valid;
    if (ternary) signs.voted.push_back(voted);
    signs.signs.push_back(philox_word({1, 2}, 0, Purpose::kFault, w) & voted);
  }
  return signs;
}

class Lies : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Lies, AreCanonicalBallotsOfTheSameSize) {
  for (const bool ternary : {false, true}) {
    for (const AttackInfo* attack : attacks().rules()) {
      const std::string_view word = attack->head.word;
      const PackedSigns ballot = lie({attack, {}}, honest(GetParam(), ternary), {7, 3}, 7, 12);
      const EncodedSigns encoded = encode(ballot);
      const auto decoded = decode(encoded.encoding, encoded.planes, GetParam());
      ASSERT_TRUE(decoded) << word;
      EXPECT_EQ(*decoded, ballot) << word;
    }
  }
}

TEST_P(Lies, InvertedIsTheNegativeWhereTheHonestBallotVotes) {
  for (const bool ternary : {false, true}) {
    const PackedSigns truth = honest(GetParam(), ternary);
    const PackedSigns ballot = lie(*parse_attack("invert"), truth, {7, 3}, 7, 12);
    for (std::size_t i = 0; i < GetParam(); ++i) ASSERT_EQ(ballot.at(i), -truth.at(i)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Lies, ::testing::Values(1, 31, 32, 33, 1000, 1024, 1025, 2080));

TEST(Lies, ColludersAgreeWithOneAnotherAndRandomLiarsDoNot) {
  const PackedSigns truth = honest(2000, false);
  const PhiloxKey one{7, 1};
  const PhiloxKey other{7, 2};
  EXPECT_EQ(lie(*parse_attack("collude"), truth, one, 7, 5),
            lie(*parse_attack("collude"), truth, other, 7, 5));
  EXPECT_NE(lie(*parse_attack("collude"), truth, one, 7, 5),
            lie(*parse_attack("collude"), truth, one, 7, 6));
  EXPECT_NE(lie(*parse_attack("random"), truth, one, 7, 5),
            lie(*parse_attack("random"), truth, other, 7, 5));
}

TEST(Lies, AnUnknownAttackIsRefusedByNamingTheKnownOnes) {
  const auto parsed = parse_attack("bribe");
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().text.find("collude"), std::string::npos);
  for (const char* word : {"invert", "random", "constant", "collude", "abstain"}) {
    EXPECT_EQ(to_string(*parse_attack(word)), word);
  }
}

}  // namespace
}  // namespace psephos::simulator
