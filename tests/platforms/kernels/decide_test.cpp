#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

// Counts per coordinate, sliced into planes.
std::vector<std::uint32_t> sliced(const std::vector<std::uint32_t>& counts, std::size_t planes) {
  const std::size_t words = counts.size() / 32;
  std::vector<std::uint32_t> out(planes * words, 0);
  for (std::size_t c = 0; c < counts.size(); ++c) {
    for (std::size_t p = 0; p < planes; ++p) {
      out[p * words + c / 32] |= ((counts[c] >> p) & 1) << (c % 32);
    }
  }
  return out;
}

struct Votes {
  std::vector<std::uint32_t> negative;
  std::vector<std::uint32_t> voted;
  std::size_t negative_planes;
  std::size_t voted_planes;
  std::uint32_t all_voters;
};

// `ternary` voters of whom any number vote on a coordinate, `all` who vote everywhere.
Votes random_votes(std::size_t words, std::uint32_t ternary, std::uint32_t all, Words& random) {
  Votes votes;
  votes.all_voters = all;
  votes.negative_planes = static_cast<std::size_t>(std::bit_width(std::uint64_t{ternary} + all));
  votes.voted_planes = static_cast<std::size_t>(std::bit_width(ternary));
  for (std::size_t c = 0; c < words * 32; ++c) {
    const std::uint32_t voted = ternary == 0 ? 0 : random.next() % (ternary + 1);
    votes.voted.push_back(voted);
    votes.negative.push_back(
        static_cast<std::uint32_t>(random.next() % (std::uint64_t{voted} + all + 1)));
  }
  return votes;
}

void expect_decided(const Kernels& table, const Votes& votes, std::uint32_t margin) {
  const std::size_t words = votes.negative.size() / 32;
  auto negative = sliced(votes.negative, votes.negative_planes);
  auto voted = sliced(votes.voted, votes.voted_planes);
  std::vector<std::uint32_t> signs(words + 1, 0xA5A5A5A5);
  std::vector<std::uint32_t> decided(words + 1, 0xA5A5A5A5);
  table.decide({negative.data(), votes.negative_planes, words, words},
               {voted.data(), votes.voted_planes, words, words}, votes.all_voters, margin,
               signs.data(), decided.data());
  for (std::size_t c = 0; c < words * 32; ++c) {
    const std::int64_t net =
        std::int64_t{votes.voted[c]} + votes.all_voters - 2 * std::int64_t{votes.negative[c]};
    const bool over = std::abs(net) >= std::int64_t{margin};
    ASSERT_EQ((decided[c / 32] >> (c % 32)) & 1, over ? 1U : 0U)
        << table.name << " net " << net << " margin " << margin;
    ASSERT_EQ((signs[c / 32] >> (c % 32)) & 1, over && net < 0 ? 1U : 0U)
        << table.name << " net " << net << " margin " << margin;
  }
  ASSERT_EQ(signs.back(), 0xA5A5A5A5);
  ASSERT_EQ(decided.back(), 0xA5A5A5A5);
}

TEST(Decide, EqualsDecidingInIntegers) {
  Words random(3);
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t words : {0, 1, 31, 63, 64, 65, 130}) {
      for (std::uint32_t ternary = 0; ternary <= 9; ++ternary) {
        for (std::uint32_t all = 0; all <= 9; ++all) {
          const Votes votes = random_votes(words, ternary, all, random);
          for (const std::uint32_t margin : {1U, 2U, 3U, 5U, 9U, 18U, 19U}) {
            ASSERT_NO_FATAL_FAILURE(expect_decided(*table, votes, margin));
          }
        }
      }
    }
  }
}

TEST(Decide, HoldsForTheWidestCounters) {
  Words random(4);
  for (const Kernels* table : runnable_tables()) {
    for (const auto& [ternary, all] :
         {std::pair{0x7FFFFFFFU, 0x7FFFFFFFU}, {0U, 0xFFFFFFFFU}, {0xFFFFFFFEU, 0U}}) {
      const Votes votes = random_votes(70, ternary, all, random);
      for (const std::uint32_t margin : {1U, 0x10000000U, 0x80000000U, 0xFFFFFFFFU}) {
        ASSERT_NO_FATAL_FAILURE(expect_decided(*table, votes, margin));
      }
    }
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
