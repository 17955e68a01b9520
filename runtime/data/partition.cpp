#include "runtime/data/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "runtime/base/check.h"
#include "runtime/base/philox.h"
#include "runtime/data/shuffle.h"

namespace psephos {
namespace {

// Philox rounds: 0 shuffles, 1 + c draws the Dirichlet shares of class c, and beyond the classes
// there are, random parts are drawn.
constexpr std::uint32_t kShuffleRound = 0;
constexpr std::uint32_t kDrawRound = 1'000;

// Marsaglia and Tsang reject one draw in twenty at worst, so 64 in a row never happen; a bound is a
// bound, and the centre of the distribution stands in.
constexpr std::uint64_t kGammaAttempts = 64;

using Indices = std::vector<std::uint32_t>;

PhiloxKey run_key(std::uint32_t seed) { return {seed, kRunStream}; }

Indices shuffled(std::size_t count, std::uint32_t seed) {
  return psephos::shuffled(count, run_key(seed), kShuffleRound, Purpose::kPartition);
}

// Where piece `piece` of `pieces` near-equal ones begins among `count` things.
std::size_t cut(std::size_t count, std::uint64_t piece, std::uint64_t pieces) {
  return static_cast<std::size_t>(count * piece / pieces);
}

void append(Indices& part, const Indices& from, std::size_t begin, std::size_t end) {
  part.insert(part.end(), from.begin() + static_cast<std::ptrdiff_t>(begin),
              from.begin() + static_cast<std::ptrdiff_t>(end));
}

// Splits `order` by label, keeping its order within each class.
std::vector<Indices> by_class(const Indices& order, std::span<const std::uint8_t> labels,
                              std::size_t classes) {
  std::vector<Indices> groups(classes);
  for (const std::uint32_t index : order) groups[labels[index]].push_back(index);
  return groups;
}

using Parts = std::vector<Indices>;

Parts deal_iid(std::size_t samples, std::uint32_t parts, std::uint32_t seed) {
  const Indices order = shuffled(samples, seed);
  Parts dealt(parts);
  for (std::uint32_t p = 0; p < parts; ++p) {
    append(dealt[p], order, cut(samples, p, parts), cut(samples, p + 1ull, parts));
  }
  return dealt;
}

Parts deal_shards(std::uint32_t shards_per_part, std::span<const std::uint8_t> labels,
                  std::size_t classes, std::uint32_t parts, std::uint32_t seed) {
  Indices sorted(labels.size());
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::vector<Indices> groups = by_class(sorted, labels, classes);
  sorted.clear();
  for (const Indices& group : groups) append(sorted, group, 0, group.size());

  const std::uint64_t shards = std::uint64_t{parts} * shards_per_part;
  const Indices order = shuffled(shards, seed);
  Parts dealt(parts);
  for (std::size_t s = 0; s < shards; ++s) {
    append(dealt[s / shards_per_part], sorted, cut(sorted.size(), order[s], shards),
           cut(sorted.size(), order[s] + 1ull, shards));
  }
  return dealt;
}

// In (0, 1], so that its logarithm is finite.
double positive_unit(std::uint32_t word) { return 1.0 - unit_interval(word); }

// The logarithm of a Gamma(alpha, 1) draw (Marsaglia and Tsang, "A simple method for generating
// gamma variables", 2000; for alpha < 1 by their U^(1/alpha), whose small values only a logarithm
// holds).
double log_gamma_draw(double alpha, PhiloxKey key, std::uint32_t round, std::uint64_t part) {
  const double shape = (alpha < 1 ? alpha + 1 : alpha) - 1.0 / 3.0;
  const double scale = 1.0 / std::sqrt(9.0 * shape);
  const std::uint64_t first = part * kGammaAttempts;
  double draw = shape;
  for (std::uint64_t attempt = 0; attempt < kGammaAttempts; ++attempt) {
    const auto words = philox(key, round, Purpose::kPartition, first + attempt);
    const double normal = std::sqrt(-2.0 * std::log(positive_unit(words[0]))) *
                          std::cos(2.0 * std::numbers::pi * unit_interval(words[1]));
    const double root = 1.0 + scale * normal;
    if (root <= 0) continue;
    const double cube = root * root * root;
    const double limit = 0.5 * normal * normal + shape * (1.0 - cube + std::log(cube));
    if (std::log(positive_unit(words[2])) >= limit) continue;
    draw = shape * cube;
    break;
  }
  if (alpha >= 1) return std::log(draw);
  const auto boost = philox(key, round, Purpose::kPartition, first);
  return std::log(draw) + std::log(positive_unit(boost[3])) / alpha;
}

// Shares of `parts` parts in one class; they sum to 1.
std::vector<double> dirichlet_shares(double alpha, std::uint32_t parts, PhiloxKey key,
                                     std::uint32_t round) {
  std::vector<double> shares(parts);
  for (std::uint32_t p = 0; p < parts; ++p) shares[p] = log_gamma_draw(alpha, key, round, p);
  const double largest = *std::max_element(shares.begin(), shares.end());
  for (double& share : shares) share = std::exp(share - largest);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

Parts deal_dirichlet(double alpha, std::span<const std::uint8_t> labels, std::size_t classes,
                     std::uint32_t parts, std::uint32_t seed) {
  const std::vector<Indices> groups = by_class(shuffled(labels.size(), seed), labels, classes);
  Parts dealt(parts);
  for (std::uint32_t c = 0; c < classes; ++c) {
    const Indices& group = groups[c];
    const std::vector<double> shares = dirichlet_shares(alpha, parts, run_key(seed), 1 + c);
    double passed = 0;
    std::size_t begin = 0;
    for (std::uint32_t p = 0; p < parts; ++p) {
      passed += shares[p];
      const double reached = std::round(passed * static_cast<double>(group.size()));
      std::size_t end = std::clamp(static_cast<std::size_t>(reached), begin, group.size());
      if (p + 1 == parts) end = group.size();
      append(dealt[p], group, begin, end);
      begin = end;
    }
  }
  return dealt;
}

// What parts that share the samples out need: as many samples as there are parts, at least.
Status check_listed(const PartitionOf& of) {
  if (of.parts <= of.labels.size()) return Ok{};
  return Error{fmt::format("{} parts of {} samples: some would be empty; use fewer parts", of.parts,
                           of.labels.size())};
}

Partition listed(Parts dealt) {
  for (Indices& part : dealt) std::sort(part.begin(), part.end());
  return Partition::listed(dealt);
}

using Values = std::span<const double>;

constexpr PartitionInfo kIid = {.head = {.word = "iid",
                                         .help = "shuffled and shared out evenly",
                                         .example = "iid",
                                         .parameters = {}},
                                .make = [](Values, const PartitionOf& of) -> Result<Partition> {
                                  if (const Status possible = check_listed(of); !possible)
                                    return possible.error();
                                  return listed(deal_iid(of.labels.size(), of.parts, of.seed));
                                }};

constexpr RuleParameter kShardsParameters[] = {{.name = "K",
                                                .meaning = "shards per client",
                                                .kind = RuleParameter::Kind::kWhole,
                                                .least = 1,
                                                .most = kMaxShards,
                                                .usual_least = 1,
                                                .usual_most = 4}};

constexpr PartitionInfo kShards = {
    .head = {.word = "shards",
             .help = "K label-sorted shards each",
             .example = "shards:2",
             .parameters = kShardsParameters},
    .make = [](Values values, const PartitionOf& of) -> Result<Partition> {
      if (const Status possible = check_listed(of); !possible) return possible.error();
      const auto shards = static_cast<std::uint32_t>(values[0]);
      if (std::uint64_t{of.parts} * shards > of.labels.size()) {
        return Error{
            fmt::format("{} parts of {} shards each, but {} samples; use fewer parts or shards",
                        of.parts, shards, of.labels.size())};
      }
      return listed(deal_shards(shards, of.labels, of.classes, of.parts, of.seed));
    }};

constexpr RuleParameter kDirichletParameters[] = {{.name = "A",
                                                   .meaning = "concentration",
                                                   .kind = RuleParameter::Kind::kDouble,
                                                   .least = kMinAlpha,
                                                   .most = kMaxAlpha,
                                                   .usual_least = 0.05,
                                                   .usual_most = 10}};

constexpr PartitionInfo kDirichlet = {
    .head = {.word = "dirichlet",
             .help = "the smaller A, the more uneven",
             .example = "dirichlet:0.1",
             .parameters = kDirichletParameters},
    .make = [](Values values, const PartitionOf& of) -> Result<Partition> {
      if (const Status possible = check_listed(of); !possible) return possible.error();
      return listed(deal_dirichlet(values[0], of.labels, of.classes, of.parts, of.seed));
    }};

constexpr RuleParameter kRandomParameters[] = {{.name = "N",
                                                .meaning = "samples per client",
                                                .kind = RuleParameter::Kind::kWhole,
                                                .least = 1,
                                                .most = kMaxPartSize,
                                                .usual_least = 1,
                                                .usual_most = 100}};

constexpr PartitionInfo kRandom = {
    .head = {.word = "random",
             .help = "N samples each, drawn from all: for more clients than samples",
             .example = "random:60",
             .parameters = kRandomParameters},
    .make = [](Values values, const PartitionOf& of) -> Result<Partition> {
      if (of.labels.empty()) return Error{"there are no samples to draw parts from"};
      return Partition::drawn(of.parts, static_cast<std::uint32_t>(values[0]),
                              static_cast<std::uint32_t>(of.labels.size()), of.seed);
    }};

}  // namespace

const Family<PartitionInfo>& partition_rules() {
  static constexpr std::array kRules = {
      &kIid,
      &kShards,
      &kDirichlet,
      &kRandom,
  };
  static const Family<PartitionInfo> kFamily("partition", kRules);
  return kFamily;
}

Result<PartitionRule> parse_partition(std::string_view text) {
  auto rule = partition_rules().parse(text);
  if (!rule) return Error{"--partition: " + rule.error().text};
  return rule;
}

Partition Partition::listed(std::span<const std::vector<std::uint32_t>> parts) {
  Partition partition;
  partition.parts_ = static_cast<std::uint32_t>(parts.size());
  partition.begins_.push_back(0);
  for (const Indices& part : parts) {
    append(partition.samples_, part, 0, part.size());
    partition.begins_.push_back(static_cast<std::uint32_t>(partition.samples_.size()));
  }
  return partition;
}

Partition Partition::drawn(std::uint32_t parts, std::uint32_t size, std::uint32_t samples,
                           std::uint32_t seed) {
  Partition partition;
  partition.parts_ = parts;
  partition.size_ = size;
  partition.range_ = samples;
  partition.seed_ = seed;
  return partition;
}

std::uint32_t Partition::size(std::uint32_t part) const {
  PSEPHOS_CHECK(part < parts_, "a part that is not there");
  return is_drawn() ? size_ : begins_[part + 1] - begins_[part];
}

std::uint32_t Partition::sample(std::uint32_t part, std::uint32_t i) const {
  PSEPHOS_CHECK(i < size(part), "a sample beyond its part");
  if (!is_drawn()) return samples_[begins_[part] + i];
  const std::uint64_t draw = std::uint64_t{part} * size_ + i;
  return below(philox_word(run_key(seed_), kDrawRound, Purpose::kPartition, draw), range_);
}

std::vector<std::uint32_t> Partition::indices(std::uint32_t part) const {
  Indices indices(size(part));
  for (std::uint32_t i = 0; i < indices.size(); ++i) indices[i] = sample(part, i);
  return indices;
}

Result<Partition> make_partition(const PartitionRule& rule, std::span<const std::uint8_t> labels,
                                 std::size_t classes, std::uint32_t parts, std::uint32_t seed) {
  if (parts == 0) return Error{"a partition needs at least one part"};
  if (parts > kMaxParts) {
    return Error{fmt::format("{} parts are more than the {} that are possible", parts, kMaxParts)};
  }
  if (labels.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error{fmt::format("{} samples are too many to share out; use fewer", labels.size())};
  }
  PSEPHOS_CHECK(std::all_of(labels.begin(), labels.end(),
                            [classes](std::uint8_t label) { return label < classes; }),
                "make_partition: every label is below the number of classes");
  return rule.rule->make(rule.values, {labels, classes, parts, seed});
}

}  // namespace psephos
