#include "simulator/population.h"

#include <gtest/gtest.h>

#include "tests/simulator/small_world.h"

namespace psephos::simulator {
namespace {

TEST(Population, NamesKeysAndPartsAreThoseOfThePrograms) {
  PopulationOptions options;
  options.clients = 7;
  options.seed = 42;
  const auto population = Population::make(options, small_dataset());
  ASSERT_TRUE(population);
  std::uint64_t samples = 0;
  for (std::uint32_t i = 0; i < 7; ++i) {
    const client::SessionOptions session = population->session(i);
    EXPECT_EQ(session.name, "client-" + std::to_string(i + 1));
    EXPECT_EQ(session.key, (PhiloxKey{42, i}));
    EXPECT_EQ(session.data_manifest, population->manifest());
    EXPECT_EQ(session.samples, i % 7 == 6 ? 58u : 57u);  // 400 of them
    samples += session.samples;
  }
  EXPECT_EQ(samples, small_dataset()->train.size());
}

TEST(Population, MoreLiarsOrPartsThanThereAreIsRefused) {
  PopulationOptions options;
  options.clients = 3;
  options.byzantine = 4;
  const auto liars = Population::make(options, small_dataset());
  ASSERT_FALSE(liars);
  EXPECT_NE(liars.error().text.find("--byzantine"), std::string::npos);
  options.byzantine = 0;
  options.clients = 401;  // of 400 samples
  EXPECT_FALSE(Population::make(options, small_dataset()));
}

}  // namespace
}  // namespace psephos::simulator
