#include "runtime/data/partition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/philox.h"
#include "tests/contains.h"

namespace psephos {
namespace {

using psephos::testing::contains;

PartitionRule rule_of(std::string_view text) { return parse_partition(text).value(); }

std::vector<std::uint8_t> random_labels(std::size_t count, std::uint32_t classes,
                                        std::uint32_t seed) {
  std::vector<std::uint8_t> labels(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t word = philox_word({seed, 2}, 0, Purpose::kFault, i);
    labels[i] = static_cast<std::uint8_t>(below(word, classes));
  }
  return labels;
}

std::vector<std::vector<std::uint32_t>> parts_of(const Partition& partition) {
  std::vector<std::vector<std::uint32_t>> parts;
  for (std::uint32_t p = 0; p < partition.parts(); ++p) parts.push_back(partition.indices(p));
  return parts;
}

void expect_partition(const Partition& partition, std::size_t samples, std::size_t parts) {
  ASSERT_EQ(partition.parts(), parts);
  std::vector<std::uint32_t> all;
  for (const auto& part : parts_of(partition)) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> expected(samples);
  std::iota(expected.begin(), expected.end(), 0u);
  EXPECT_EQ(all, expected);
}

std::size_t classes_in(const std::vector<std::uint32_t>& part,
                       const std::vector<std::uint8_t>& labels) {
  std::set<std::uint8_t> seen;
  for (const std::uint32_t index : part) seen.insert(labels[index]);
  return seen.size();
}

// The share of each part's most frequent label, averaged: 1 is one class per part.
double unevenness(const Partition& partition, const std::vector<std::uint8_t>& labels) {
  double sum = 0;
  for (const auto& part : parts_of(partition)) {
    std::vector<double> counts(256);
    for (const std::uint32_t index : part) ++counts[labels[index]];
    const double size = static_cast<double>(std::max<std::size_t>(part.size(), 1));
    sum += *std::max_element(counts.begin(), counts.end()) / size;
  }
  return sum / static_cast<double>(partition.parts());
}

TEST(ParsePartition, ReadsBackWhatItPrints) {
  for (const char* text :
       {"iid", "shards:1", "shards:2", "shards:1000000", "dirichlet:0.1", "dirichlet:0.001",
        "dirichlet:1000", "dirichlet:3.25", "random:1", "random:1000000"}) {
    const Result<PartitionRule> rule = parse_partition(text);
    ASSERT_TRUE(rule.ok()) << rule.error().text;
    EXPECT_EQ(to_string(*rule), text);
  }
}

TEST(ParsePartition, SaysWhatIsWrong) {
  const auto said = [](const char* text) { return parse_partition(text).error().text; };
  for (const char* text : {"", "IID", "shard"}) {
    EXPECT_TRUE(contains(said(text), "known are iid, shards:K")) << said(text);
  }
  EXPECT_TRUE(contains(said("shard:2"), "did you mean shards?"));
  EXPECT_TRUE(contains(said("iid:3"), "iid takes no numbers"));
  for (const char* text : {"shards", "shards:", "shards:0", "shards:-1", "shards:2x",
                           "shards:1000001", "shards:99999999999999999999", "shards:1,2"}) {
    EXPECT_TRUE(contains(said(text), "K a whole number from 1 to 1000000")) << said(text);
  }
  for (const char* text :
       {"dirichlet", "dirichlet:", "dirichlet:0", "dirichlet:-1", "dirichlet:nan", "dirichlet:inf",
        "dirichlet:0.0009", "dirichlet:1000001"}) {
    EXPECT_TRUE(contains(said(text), "A at least 0.001 and at most 1000000")) << said(text);
  }
  for (const char* text :
       {"random", "random:", "random:0", "random:-1", "random:1e3", "random:1000001"}) {
    EXPECT_TRUE(contains(said(text), "N a whole number from 1 to 1000000")) << said(text);
  }
  EXPECT_TRUE(said("x").starts_with("--partition: "));
}

TEST(MakePartition, SharesOutEverySampleOnceWhateverTheRule) {
  for (std::uint32_t trial = 0; trial < 300; ++trial) {
    const auto words = philox({trial, 3}, 0, Purpose::kFault, 0);
    const std::size_t samples = 1 + below(words[0], 500);
    const std::uint32_t classes = 2 + below(words[1], 20);
    const std::uint32_t parts = 1 + below(words[2], static_cast<std::uint32_t>(samples));
    const auto most_shards = static_cast<std::uint32_t>(samples / parts);
    const std::uint32_t shards = 1 + below(words[3], most_shards);
    const std::vector<std::uint8_t> labels = random_labels(samples, classes, trial);
    const double alpha = std::vector<double>{0.001, 0.1, 1, 100, 1e6}[trial % 5];
    for (const PartitionRule& rule : {rule_of("iid"), rule_of(fmt::format("shards:{}", shards)),
                                      rule_of(fmt::format("dirichlet:{}", alpha))}) {
      SCOPED_TRACE(to_string(rule) + ", trial " + std::to_string(trial));
      const Result<Partition> partition = make_partition(rule, labels, classes, parts, trial);
      ASSERT_TRUE(partition.ok()) << partition.error().text;
      expect_partition(*partition, samples, parts);
      EXPECT_EQ(parts_of(*partition),
                parts_of(*make_partition(rule, labels, classes, parts, trial)));
    }
  }
}

TEST(MakePartition, DependsOnTheSeed) {
  const std::vector<std::uint8_t> labels = random_labels(1000, 10, 1);
  for (const char* text : {"iid", "shards:2", "dirichlet:0.5", "random:100"}) {
    const PartitionRule rule = parse_partition(text).value();
    EXPECT_NE(parts_of(*make_partition(rule, labels, 10, 10, 1)),
              parts_of(*make_partition(rule, labels, 10, 10, 2)))
        << text;
  }
}

TEST(MakePartition, IidPartsAreNearEqualAndMixed) {
  const std::vector<std::uint8_t> labels = random_labels(1003, 10, 1);
  const Partition partition = make_partition(partition_rules().first(), labels, 10, 10, 1).value();
  for (const auto& part : parts_of(partition)) {
    EXPECT_TRUE(part.size() == 100 || part.size() == 101);
    EXPECT_EQ(classes_in(part, labels), 10u);
  }
}

TEST(MakePartition, ShardsHoldFewClasses) {
  std::vector<std::uint8_t> labels(1000);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::uint8_t>(i % 10);
  const Partition partition = make_partition(rule_of("shards:2"), labels, 10, 10, 1).value();
  for (const auto& part : parts_of(partition)) {
    EXPECT_EQ(part.size(), 100u);
    EXPECT_LE(classes_in(part, labels), 2u);
  }
}

TEST(MakePartition, DirichletIsUnevenWhereAlphaIsSmall) {
  const std::vector<std::uint8_t> labels = random_labels(20'000, 10, 1);
  const auto uneven = [&](double alpha) {
    const PartitionRule rule = rule_of(fmt::format("dirichlet:{}", alpha));
    return unevenness(make_partition(rule, labels, 10, 20, 1).value(), labels);
  };
  EXPECT_GT(uneven(0.05), 0.6);
  EXPECT_GT(uneven(0.05), uneven(0.5));
  EXPECT_GT(uneven(0.5), uneven(5));
  EXPECT_LT(uneven(1e6), 0.16);
}

// A class' shares over two parts are Beta(alpha, alpha): mean 1/2, variance 1 / (8 alpha + 4).
TEST(MakePartition, DirichletSharesHaveTheRightSpread) {
  const std::vector<std::uint8_t> labels(2000, 0);
  for (const double alpha : {0.2, 1.0, 4.0}) {
    double sum = 0;
    double squares = 0;
    const std::uint32_t trials = 1000;
    for (std::uint32_t seed = 0; seed < trials; ++seed) {
      const PartitionRule rule = rule_of(fmt::format("dirichlet:{}", alpha));
      const Partition partition = make_partition(rule, labels, 1, 2, seed).value();
      const double share = static_cast<double>(partition.size(0)) / 2000 - 0.5;
      sum += share;
      squares += share * share;
    }
    const double variance = 1 / (8 * alpha + 4);
    EXPECT_NEAR(sum / trials, 0, 0.05) << alpha;
    EXPECT_NEAR(squares / trials, variance, 0.12 * variance) << alpha;
  }
}

TEST(MakePartition, RandomPartsAreDrawnFromAllSamplesForAnyNumberOfParts) {
  const std::vector<std::uint8_t> labels = random_labels(50, 10, 1);
  const std::uint32_t parts = 2'000;
  const Partition partition = make_partition(rule_of("random:30"), labels, 10, parts, 1).value();
  ASSERT_EQ(partition.parts(), parts);
  std::vector<std::uint32_t> times(labels.size());
  for (std::uint32_t p = 0; p < parts; ++p) {
    ASSERT_EQ(partition.size(p), 30u);
    for (const std::uint32_t index : partition.indices(p)) ++times.at(index);
  }
  // 1,200 each on average; a standard deviation is 34.
  EXPECT_GT(*std::min_element(times.begin(), times.end()), 1'000u);
  EXPECT_LT(*std::max_element(times.begin(), times.end()), 1'400u);
  EXPECT_NE(partition.indices(0), partition.indices(1));
}

TEST(MakePartition, ARandomPartIsTheSameHoweverManyThereAre) {
  const std::vector<std::uint8_t> labels = random_labels(500, 10, 1);
  const PartitionRule rule = rule_of("random:20");
  EXPECT_EQ(make_partition(rule, labels, 10, 3, 1)->indices(2),
            make_partition(rule, labels, 10, 100'000, 1)->indices(2));
}

TEST(MakePartition, RefusesWhatCannotBeSharedOut) {
  const std::vector<std::uint8_t> labels = random_labels(100, 10, 1);
  const auto error = [&](const PartitionRule& rule, std::uint32_t parts) {
    const Result<Partition> partition = make_partition(rule, labels, 10, parts, 1);
    return partition.ok() ? "no error" : partition.error().text;
  };
  EXPECT_EQ(error(rule_of("iid"), 0), "a partition needs at least one part");
  EXPECT_EQ(error(rule_of("iid"), 100), "no error");
  EXPECT_EQ(error(rule_of("iid"), 101),
            "101 parts of 100 samples: some would be empty; use fewer parts");
  EXPECT_EQ(error(rule_of("shards:10"), 10), "no error");
  EXPECT_TRUE(contains(error(rule_of("shards:11"), 10), "use fewer parts or shards"));
  EXPECT_TRUE(contains(error(rule_of("shards:1000000"), 100), "use fewer parts"));
  for (const char* text : {"iid", "shards:1", "random:1"}) {
    EXPECT_EQ(error(rule_of(text), 1'000'001),
              "1000001 parts are more than the 1000000 that are possible");
  }
  EXPECT_TRUE(contains(error(rule_of("dirichlet:0.1"), 101), "use fewer parts"));
  EXPECT_EQ(error(rule_of("random:60"), 101), "no error");
  EXPECT_EQ(make_partition(rule_of("random:60"), {}, 10, 1, 1).error().text,
            "there are no samples to draw parts from");
}

}  // namespace
}  // namespace psephos
