#include "runtime/vote/net_counts.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "runtime/vote/tally.h"
#include "tests/runtime/vote/random_signs.h"

namespace psephos {
namespace {

using testing::pack_values;
using testing::random_values;

Tally some_tally(std::size_t d, std::uint32_t voters, std::mt19937_64& random) {
  Tally tally(d);
  for (std::uint32_t v = 0; v < voters; ++v) {
    tally.add(pack_values(random_values(d, v % 3 == 0, random)));
  }
  return tally;
}

TEST(NetCounts, AreTheTallysAndDecideAsItDoes) {
  std::mt19937_64 random(1);
  for (const std::size_t d : {1u, 31u, 33u, 1024u, 1057u, 5000u}) {
    for (const std::uint32_t voters : {0u, 1u, 5u, 40u}) {
      const Tally tally = some_tally(d, voters, random);
      const NetCounts counts(tally);
      EXPECT_EQ(counts.voters(), voters);
      std::vector<std::int32_t> net(d);
      counts.net(0, net);
      for (std::size_t i = 0; i < d; ++i) ASSERT_EQ(net[i], tally.net(i));
      for (const std::uint32_t margin : {1u, 2u, 7u}) {
        ASSERT_EQ(counts.decide(margin), tally.decide(margin)) << d << ", " << voters;
      }
      const Bytes bytes = counts.serialise();
      EXPECT_LE(bytes.size(), NetCounts::max_bytes(d, voters));
      const auto back = NetCounts::parse(bytes, d);
      ASSERT_TRUE(back.ok()) << back.error().text;
      EXPECT_EQ(*back, counts);
    }
  }
}

TEST(NetCounts, WholeBlocksCanBeReadOneByOne) {
  std::mt19937_64 random(2);
  const Tally tally = some_tally(5000, 20, random);
  std::vector<std::int32_t> all(5000);
  tally.net(0, all);
  for (std::size_t first = 0; first < 5000; first += 1024) {
    std::vector<std::int32_t> piece(std::min<std::size_t>(1024, 5000 - first));
    tally.net(first, piece);
    ASSERT_TRUE(std::equal(piece.begin(), piece.end(), all.begin() + static_cast<int>(first)));
  }
}

TEST(NetCounts, HaveOneFormAndEveryOtherIsRefused) {
  std::mt19937_64 random(3);
  const std::size_t d = 70;
  const Bytes whole = NetCounts(some_tally(d, 6, random)).serialise();
  ASSERT_TRUE(NetCounts::parse(whole, d).ok());
  EXPECT_FALSE(NetCounts::parse(whole, 97).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(NetCounts::parse(std::span(whole).first(size), d).ok()) << size;
  }
  const auto with = [&](std::size_t at, std::uint32_t value) {
    Bytes bytes = whole;
    std::memcpy(bytes.data() + at, &value, 4);
    return NetCounts::parse(bytes, d).ok();
  };
  EXPECT_FALSE(with(0, 1));           // counts above the voters
  EXPECT_FALSE(with(0, 0xFFFFFFFF));  // more voters than a tally takes
  EXPECT_FALSE(with(4, 9));           // planes that are not there
  EXPECT_FALSE(with(8, 0xFFFFFFFF));  // negative nothings, or past d
  // A plane of nothing on top.
  Bytes longer = whole;
  std::uint32_t planes = 0;
  std::memcpy(&planes, longer.data() + 4, 4);
  if (planes < 3) {
    ++planes;
    std::memcpy(longer.data() + 4, &planes, 4);
    longer.resize(longer.size() + 4 * word_count(d));
    EXPECT_FALSE(NetCounts::parse(longer, d).ok());
  }
}

}  // namespace
}  // namespace psephos
