#include "client/gradient/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace psephos::client {
namespace {

constexpr PhiloxKey kKey{5, 2};

std::vector<std::uint32_t> batch_of(PhiloxKey key, std::uint32_t round, std::uint32_t step,
                                    std::uint32_t size, std::uint32_t samples) {
  std::vector<std::uint32_t> batch = {99};  // what was in it does not matter
  draw_batch(key, round, step, size, samples, batch);
  return batch;
}

TEST(Batch, IsAPureFunctionOfKeyRoundAndStepWithinTheSamples) {
  for (const std::uint32_t samples : {1u, 2u, 7u, 600u, 4'000'000'000u}) {
    for (const std::uint32_t size : {1u, 5u, 32u, 1000u}) {
      const auto batch = batch_of(kKey, 3, 1, size, samples);
      ASSERT_EQ(batch.size(), size);
      EXPECT_LT(*std::max_element(batch.begin(), batch.end()), samples);
      EXPECT_EQ(batch, batch_of(kKey, 3, 1, size, samples));
    }
  }
  const auto batch = batch_of(kKey, 3, 1, 32, 600);
  EXPECT_NE(batch, batch_of(kKey, 4, 1, 32, 600));
  EXPECT_NE(batch, batch_of(kKey, 3, 2, 32, 600));
  EXPECT_NE(batch, batch_of({5, 3}, 3, 1, 32, 600));
  EXPECT_NE(batch, batch_of({6, 2}, 3, 1, 32, 600));
}

TEST(Batch, StepsContinueOneSequence) {
  std::vector<std::uint32_t> joined = batch_of(kKey, 3, 0, 30, 600);
  const auto second = batch_of(kKey, 3, 1, 30, 600);
  joined.insert(joined.end(), second.begin(), second.end());
  EXPECT_EQ(joined, batch_of(kKey, 3, 0, 60, 600));
}

TEST(Batch, DrawsEverySampleAboutAsOften) {
  constexpr std::uint32_t kSamples = 50;
  constexpr std::uint32_t kDraws = 50'000;
  std::vector<int> drawn(kSamples, 0);
  for (const std::uint32_t i : batch_of(kKey, 0, 0, kDraws, kSamples)) ++drawn[i];
  for (const int times : drawn) EXPECT_NEAR(times, kDraws / kSamples, 160);  // five deviations
}

TEST(EpochOrder, IsAPermutation) {
  for (const std::uint32_t samples : {0u, 1u, 2u, 3u, 64u, 1000u}) {
    const auto order = epoch_order(kKey, 7, samples);
    ASSERT_EQ(order.size(), samples);
    const std::set<std::uint32_t> all(order.begin(), order.end());
    EXPECT_EQ(all.size(), samples);
    if (samples > 0) {
      EXPECT_EQ(*all.rbegin(), samples - 1);
    }
    EXPECT_EQ(order, epoch_order(kKey, 7, samples));
  }
  EXPECT_NE(epoch_order(kKey, 7, 64), epoch_order(kKey, 8, 64));
  EXPECT_NE(epoch_order(kKey, 7, 64), epoch_order({5, 3}, 7, 64));
}

TEST(EpochOrder, EveryOrderOfThreeComesUpAboutAsOften) {
  std::map<std::vector<std::uint32_t>, int> seen;
  for (std::uint32_t round = 0; round < 6000; ++round) ++seen[epoch_order(kKey, round, 3)];
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [order, times] : seen) EXPECT_NEAR(times, 1000, 150);
}

}  // namespace
}  // namespace psephos::client
