#include "runtime/vote/tally.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/runtime/vote/random_signs.h"

namespace psephos {
namespace {

using testing::pack_values;
using testing::random_values;

// Votes counted the obvious way beside the tally's way.
struct Count {
  explicit Count(std::size_t parameters) : tally(parameters), net(parameters) {}

  void add(const std::vector<int>& values) {
    for (std::size_t i = 0; i < net.size(); ++i) net[i] += values[i];
    tally.add(pack_values(values));
  }

  PackedSigns expected(std::uint32_t margin) const {
    std::vector<int> values(net.size());
    for (std::size_t i = 0; i < net.size(); ++i) {
      if (net[i] >= std::int64_t{margin}) values[i] = 1;
      if (-net[i] >= std::int64_t{margin}) values[i] = -1;
    }
    return pack_values(values);
  }

  Tally tally;
  std::vector<std::int64_t> net;
};

// Random voters, each binary or ternary by the coin.
void vote(Count& count, std::uint32_t voters, std::mt19937_64& random) {
  for (std::uint32_t v = 0; v < voters; ++v) {
    count.add(random_values(count.net.size(), random() % 2 == 0, random));
  }
}

void expect_equal(const Count& count) {
  for (const std::uint32_t margin :
       {1u, 2u, 3u, count.tally.voters() / 3 + 1, count.tally.voters(), count.tally.voters() + 1}) {
    ASSERT_EQ(count.tally.decide(margin), count.expected(margin))
        << "d " << count.net.size() << ", voters " << count.tally.voters() << ", margin " << margin;
  }
}

TEST(Tally, DecidesExactlyLikeCountingInIntegers) {
  std::mt19937_64 random(1);
  std::vector<std::size_t> sizes = {0, 1, 31, 32, 33, 63, 1023, 1024, 1025, 2047, 2048, 2049, 2100};
  for (int i = 0; i < 60; ++i) sizes.push_back(random() % 2101);
  for (const std::size_t d : sizes) {
    Count count(d);
    vote(count, static_cast<std::uint32_t>(random() % 70 + 1), random);
    expect_equal(count);
  }
}

TEST(Tally, DecidesExactlyForEveryNumberOfVotersToSeventy) {
  std::mt19937_64 random(2);
  Count count(77);
  for (int voters = 1; voters <= 70; ++voters) {
    vote(count, 1, random);
    expect_equal(count);
  }
}

TEST(Tally, DecidesExactlyWithHundredsOfVoters) {
  std::mt19937_64 random(3);
  for (const std::uint32_t voters : {127u, 128u, 255u, 256u, 257u, 511u, 700u}) {
    Count count(1100);
    vote(count, voters, random);
    expect_equal(count);
  }
}

TEST(Tally, CountsUnanimousBallotsUpToEveryPowerOfTwo) {
  for (const int sign : {-1, 1}) {
    Count count(40);
    for (int voters = 1; voters <= 130; ++voters) {
      count.add(std::vector<int>(40, sign));
      ASSERT_EQ(count.tally.net(39), sign * voters);
      ASSERT_EQ(count.tally.decide(static_cast<std::uint32_t>(voters)),
                pack_values(std::vector<int>(40, sign)));
      ASSERT_EQ(count.tally.decide(static_cast<std::uint32_t>(voters) + 1),
                pack_values(std::vector<int>(40, 0)));
    }
  }
}

TEST(Tally, NetsExactlyLikeCountingInIntegers) {
  std::mt19937_64 random(4);
  Count count(1500);
  vote(count, 45, random);
  for (std::size_t i = 0; i < count.net.size(); ++i) ASSERT_EQ(count.tally.net(i), count.net[i]);
}

TEST(Tally, DecidesNothingWithoutVoters) {
  for (const std::size_t d : {0u, 1u, 1500u}) {
    EXPECT_EQ(Tally(d).decide(1), pack_values(std::vector<int>(d, 0)));
  }
}

TEST(Tally, ReadingBetweenBallotsChangesNothing) {
  std::mt19937_64 random(5);
  Count read(300);
  Count unread(300);
  for (int v = 0; v < 30; ++v) {
    const std::vector<int> values = random_values(300, v % 3 == 0, random);
    read.add(values);
    unread.add(values);
    read.tally.decide(1);
    read.tally.net(7);
  }
  EXPECT_EQ(read.tally.serialise(), unread.tally.serialise());
}

TEST(Tally, MergingInAnyGroupingEqualsAdding) {
  std::mt19937_64 random(6);
  for (int trial = 0; trial < 60; ++trial) {
    const std::size_t d = random() % 1200 + 1;
    const std::size_t parts = random() % 6 + 1;
    Count whole(d);
    std::vector<Tally> part(parts, Tally(d));
    const std::size_t voters = random() % 90;
    for (std::size_t v = 0; v < voters; ++v) {
      const std::vector<int> values = random_values(d, random() % 2 == 0, random);
      whole.add(values);
      part[random() % parts].add(pack_values(values));
    }
    while (part.size() > 1) {
      const std::size_t into = random() % (part.size() - 1);
      part[into].merge(part.back());
      part.pop_back();
    }
    ASSERT_EQ(part[0].voters(), voters);
    ASSERT_EQ(part[0].serialise(), whole.tally.serialise());
    ASSERT_EQ(part[0].decide(1), whole.expected(1));
  }
}

TEST(Tally, AddsManyAtOnceAsOneByOne) {
  std::mt19937_64 random(9);
  const std::size_t d = 2'000;
  std::vector<PackedSigns> owned;
  for (int v = 0; v < 75; ++v) owned.push_back(pack_values(random_values(d, v % 3 == 0, random)));
  Tally one_by_one(d);
  for (const PackedSigns& ballot : owned) one_by_one.add(ballot);
  Tally at_once(d);
  at_once.add(owned[0]);
  const std::vector<SignsView> views(owned.begin() + 1, owned.end());
  at_once.add_all(views);
  EXPECT_EQ(at_once.serialise(), one_by_one.serialise());
}

TEST(Tally, CountsAndDecidesOnSeveralThreadsAsOnOne) {
  std::mt19937_64 random(10);
  const std::size_t d = 3 * 32 * kTallyWordsOfAThread + 777;
  Tally alone(d);
  Tally together(d, 3);
  for (int v = 0; v < 5; ++v) {
    const PackedSigns ballot = pack_values(random_values(d, v % 2 == 0, random));
    alone.add(ballot);
    together.add(ballot);
  }
  EXPECT_EQ(together.serialise(), alone.serialise());
  EXPECT_EQ(together.decide(2), alone.decide(2));

  alone.clear();
  together.clear();
  for (int v = 0; v < 3; ++v) {
    const PackedSigns ballot = pack_values(random_values(d, false, random));
    alone.add(ballot);
    together.add(ballot);
  }
  EXPECT_EQ(together.decide(1), alone.decide(1));
}

TEST(Tally, OrderOfBallotsNeverShows) {
  std::mt19937_64 random(7);
  std::vector<PackedSigns> ballots;
  for (int v = 0; v < 21; ++v) {
    ballots.push_back(pack_values(random_values(500, v % 2 == 0, random)));
  }
  Tally forwards(500);
  Tally backwards(500);
  for (std::size_t v = 0; v < ballots.size(); ++v) {
    forwards.add(ballots[v]);
    backwards.add(ballots[ballots.size() - 1 - v]);
  }
  EXPECT_EQ(forwards.serialise(), backwards.serialise());
}

TEST(Tally, ClearForgetsAllVotes) {
  std::mt19937_64 random(8);
  Count before(100);
  vote(before, 19, random);
  before.tally.clear();
  EXPECT_EQ(before.tally.voters(), 0u);
  EXPECT_EQ(before.tally.serialise(), Tally(100).serialise());
  before.net.assign(100, 0);
  vote(before, 5, random);
  expect_equal(before);
}

TEST(Tally, ReturnsFromBytesAsItWas) {
  std::mt19937_64 random(9);
  for (const std::size_t d : {0u, 1u, 32u, 1000u, 1024u, 1057u}) {
    for (const std::uint32_t voters : {0u, 1u, 7u, 8u, 9u, 64u}) {
      Count count(d);
      vote(count, voters, random);
      const Bytes bytes = count.tally.serialise();
      Result<Tally> back = Tally::parse(bytes, d);
      ASSERT_TRUE(back.ok()) << back.error().text;
      EXPECT_EQ(back->voters(), voters);
      EXPECT_EQ(back->serialise(), bytes);
      EXPECT_EQ(back->decide(1), count.expected(1));
      back->merge(count.tally);
      for (std::size_t i = 0; i < d; ++i) ASSERT_EQ(back->net(i), 2 * count.net[i]);
    }
  }
}

// Two binary and three ternary voters over 40 parameters: two words a plane, 24 bits past d.
Bytes some_bytes() {
  std::mt19937_64 random(10);
  Tally tally(40);
  for (int v = 0; v < 5; ++v) tally.add(pack_values(random_values(40, v < 2, random)));
  return tally.serialise();
}

void put_word(Bytes& bytes, std::size_t word, std::uint32_t value) {
  std::memcpy(bytes.data() + 4 * word, &value, 4);
}

std::uint32_t get_word(const Bytes& bytes, std::size_t word) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + 4 * word, 4);
  return value;
}

TEST(Tally, RefusesEveryOtherLength) {
  const Bytes bytes = some_bytes();
  ASSERT_TRUE(Tally::parse(bytes, 40).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Tally::parse(std::span(bytes).first(size), 40).ok()) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(Tally::parse(longer, 40).ok());
}

TEST(Tally, RefusesAHeaderThatLies) {
  const Bytes bytes = some_bytes();
  EXPECT_FALSE(Tally::parse(bytes, 39).ok());
  const std::vector<std::pair<std::size_t, std::uint32_t>> lies = {
      {0, 0}, {1, 2}, {2, 41}, {3, 0xFFFFFFFF}, {3, kMaxVoters}, {3, 100}, {4, 0}, {5, 4}, {6, 3}};
  for (const auto& [word, value] : lies) {
    Bytes lying = bytes;
    put_word(lying, word, value);
    EXPECT_FALSE(Tally::parse(lying, 40).ok()) << "word " << word << " is " << value;
  }
}

TEST(Tally, RefusesVotesPastTheLastParameter) {
  const Bytes bytes = some_bytes();
  for (std::size_t word = 7; word < bytes.size() / 4; ++word) {
    Bytes lying = bytes;
    put_word(lying, word, get_word(bytes, word) | ~valid_bits((word - 7) % 2, 40));
    const Result<Tally> tally = Tally::parse(lying, 40);
    ASSERT_FALSE(tally.ok());
    EXPECT_NE(tally.error().text.find("past its last parameter"), std::string::npos);
  }
}

TEST(Tally, AcceptsExactlyTheCountsThatVotersCanGive) {
  // One parameter, so a count is bit 0 of its planes: every pair of counts is tried.
  constexpr std::uint32_t kAll = 3;
  constexpr std::uint32_t kTernary = 5;
  Tally tally(1);
  for (std::uint32_t v = 0; v < kAll; ++v) tally.add(pack_values({1}));
  for (std::uint32_t v = 0; v < kTernary; ++v) tally.add(pack_values({0}));
  const Bytes bytes = tally.serialise();
  ASSERT_EQ(get_word(bytes, 5), 4u);  // eight voters
  ASSERT_EQ(get_word(bytes, 6), 3u);  // five ternary ones
  for (std::uint32_t negative = 0; negative < 16; ++negative) {
    for (std::uint32_t voted = 0; voted < 8; ++voted) {
      Bytes claim = bytes;
      for (std::uint32_t p = 0; p < 4; ++p) put_word(claim, 7 + p, (negative >> p) & 1);
      for (std::uint32_t p = 0; p < 3; ++p) put_word(claim, 11 + p, (voted >> p) & 1);
      const bool possible = voted <= kTernary && negative <= kAll + voted;
      EXPECT_EQ(Tally::parse(claim, 1).ok(), possible) << negative << " of " << voted;
    }
  }
}

TEST(Tally, CountsPlanesWhereTheyLieAndLetsThemGoOnceCounted) {
  std::mt19937_64 random(7);
  Tally copied(2100);
  Tally borrowed(2100);
  std::vector<std::weak_ptr<const PackedSigns>> ballots;
  for (int v = 0; v < 21; ++v) {
    auto ballot = std::make_shared<const PackedSigns>(
        pack_values(random_values(2100, random() % 2 == 0, random)));
    copied.add(*ballot);
    borrowed.add(*ballot, ballot);
    ballots.push_back(ballot);
  }
  EXPECT_FALSE(ballots.back().expired());  // waits in the group
  EXPECT_EQ(borrowed.decide(1), copied.decide(1));
  for (const auto& ballot : ballots) EXPECT_TRUE(ballot.expired());
}

TEST(TallyDeathTest, StopsAtABallotOfAnotherSize) {
  Tally tally(40);
  EXPECT_DEATH(tally.add(pack_values({1, 1})), "another number of parameters");
  EXPECT_DEATH(tally.merge(Tally(41)), "another number of parameters");
}

}  // namespace
}  // namespace psephos
