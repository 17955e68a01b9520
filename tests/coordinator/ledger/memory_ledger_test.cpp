#include "coordinator/ledger/memory_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace psephos::coordinator {
namespace {

DecisionRef decision_of(std::uint32_t round) {
  auto record = std::make_shared<DecisionRecord>();
  record->round = round;
  record->fingerprint = round + 1;
  return record;
}

CheckpointRef checkpoint_of(std::uint32_t round) {
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->round = round;
  checkpoint->fingerprint = round;
  return checkpoint;
}

// Counts those that somebody still holds.
template <class T>
std::size_t alive(const std::vector<std::weak_ptr<const T>>& all) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& one) { return !one.expired(); }));
}

TEST(MemoryLedger, KeepsTheNewestAndStaysBoundedOverTenThousandRounds) {
  MemoryLedger ledger;
  std::vector<std::weak_ptr<const DecisionRecord>> decisions;
  std::vector<std::weak_ptr<const Checkpoint>> checkpoints;
  const auto add_checkpoint = [&](std::uint32_t round) {
    const CheckpointRef checkpoint = checkpoint_of(round);
    checkpoints.push_back(checkpoint);
    ASSERT_TRUE(ledger.add_checkpoint(checkpoint).ok());
  };
  add_checkpoint(0);
  for (std::uint32_t round = 0; round < 10'000; ++round) {
    {
      const DecisionRef record = decision_of(round);
      decisions.push_back(record);
      ASSERT_TRUE(ledger.commit(record, {}, nullptr).ok());
    }
    const std::uint32_t open = round + 1;
    ASSERT_EQ(ledger.rounds(), open);
    if (open % kCheckpointEvery == 0) add_checkpoint(open);

    ASSERT_FALSE(ledger.decision(open));
    const std::uint32_t reach = std::min(open, kDecisionsKept);
    for (std::uint32_t back = 1; back <= reach; ++back) {
      const DecisionRef found = ledger.decision(open - back);
      ASSERT_TRUE(found);
      ASSERT_EQ(found->round, open - back);
    }
    const std::uint32_t newest = open / kCheckpointEvery * kCheckpointEvery;
    ASSERT_EQ(ledger.newest_checkpoint()->round, newest);
    ASSERT_TRUE(ledger.checkpoint(newest));
    ASSERT_EQ(static_cast<bool>(ledger.checkpoint(newest - kCheckpointEvery)), newest > 0);
    ASSERT_FALSE(ledger.checkpoint(newest + kCheckpointEvery));
    if (newest >= 2 * kCheckpointEvery) {
      ASSERT_FALSE(ledger.checkpoint(newest - 2 * kCheckpointEvery));
    }
    // Whoever fetches the older checkpoint finds all that follows it.
    const std::uint32_t older = newest > 0 ? newest - kCheckpointEvery : 0;
    ASSERT_TRUE(older == open || ledger.decision(older));
    if (round % 100 == 99) {
      ASSERT_LE(alive(decisions), kDecisionsKept + kCheckpointEvery);
      ASSERT_LE(alive(checkpoints), 2u);
    }
  }
  EXPECT_FALSE(ledger.decision(0));
  EXPECT_FALSE(ledger.decision(0xFFFFFFFF));
}

TEST(MemoryLedgerDeathTest, RoundsComeWithoutGaps) {
  MemoryLedger ledger;
  EXPECT_DEATH((void)ledger.commit(decision_of(1), {}, nullptr), "in order");
  EXPECT_DEATH((void)ledger.add_checkpoint(checkpoint_of(3)), "open round");
}

}  // namespace
}  // namespace psephos::coordinator
