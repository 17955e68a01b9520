#pragma once
// Which samples a client holds, as a pure function of labels, number of parts and seed; and the
// manifest by which all parties can tell that they mean the same partition.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/data/dataset.h"
#include "runtime/rules/words.h"

namespace psephos {

inline constexpr std::uint32_t kMaxShards = 1'000'000;  // per client
inline constexpr double kMinAlpha = 0.001;
inline constexpr double kMaxAlpha = 1e6;
inline constexpr std::uint32_t kMaxPartSize = 1'000'000;  // kRandom
inline constexpr std::uint32_t kMaxParts = 1'000'000;

// What a partition is cut from.
struct PartitionOf {
  std::span<const std::uint8_t> labels;  // each below `classes`
  std::size_t classes = 0;
  std::uint32_t parts = 0;
  std::uint32_t seed = 0;
};

class Partition;

struct PartitionInfo {
  RuleHead head;
  Result<Partition> (*make)(std::span<const double> values, const PartitionOf& of);
};
using PartitionRule = Chosen<PartitionInfo>;

// The only list of partition rules.
const Family<PartitionInfo>& partition_rules();
Result<PartitionRule> parse_partition(std::string_view text);  // "iid", "shards:2"

// Which training samples each part holds: listed, in one array for all parts; or computed when they
// are asked for, where parts are random and a crowd may have more of them than there are samples.
class Partition {
 public:
  // Disjoint parts, each ascending.
  static Partition listed(std::span<const std::vector<std::uint32_t>> parts);
  // `parts` parts of `size` samples, each drawn from [0, samples): parts overlap, and a sample may
  // be in one twice.
  static Partition drawn(std::uint32_t parts, std::uint32_t size, std::uint32_t samples,
                         std::uint32_t seed);

  std::uint32_t parts() const { return parts_; }
  bool is_drawn() const { return begins_.empty(); }
  std::uint32_t size(std::uint32_t part) const;
  // The i-th sample of a part, i < size(part).
  std::uint32_t sample(std::uint32_t part, std::uint32_t i) const;
  std::vector<std::uint32_t> indices(std::uint32_t part) const;

 private:
  std::uint32_t parts_ = 0;
  std::vector<std::uint32_t> samples_;  // listed: part after part
  std::vector<std::uint32_t> begins_;   // listed: of each part, and the end; empty: drawn
  std::uint32_t size_ = 0;              // drawn
  std::uint32_t range_ = 0;             // drawn
  std::uint32_t seed_ = 0;              // drawn
};

// One part of a partition that is shared by all who hold a part of it.
struct PartRef {
  std::shared_ptr<const Partition> partition;
  std::uint32_t part = 0;

  std::uint32_t size() const { return partition->size(part); }
  std::uint32_t sample(std::uint32_t i) const { return partition->sample(part, i); }
};

// Refuses no parts, more than kMaxParts, no samples, and more parts (or shards) than samples,
// unless parts are random. Every label is below `classes`. Dirichlet parts may be empty: such a
// client abstains. A Dirichlet cut uses std::log and friends, so two machines could disagree about
// a sample: comparing manifest hashes shows it.
Result<Partition> make_partition(const PartitionRule& rule, std::span<const std::uint8_t> labels,
                                 std::size_t classes, std::uint32_t parts, std::uint32_t seed);

struct Manifest {
  std::vector<std::uint64_t> sizes;                         // samples per part
  std::vector<std::vector<std::uint64_t>> label_histogram;  // per part, per class
  // XXH3-64 of the training samples and labels, rule, seed, number of parts and, where
  // they are listed, every part's indices; never 0. The
  // name and the folder of the data set are not in it, nor its test samples: who holds no test set
  // trains too.
  std::uint64_t hash = 0;
};

// Of values and labels, wherever they came from.
std::uint64_t samples_hash(const Samples& samples);

// Its hash alone: what parties compare.
std::uint64_t manifest_hash(const Dataset& dataset, const PartitionRule& rule,
                            const Partition& partition, std::uint32_t seed);
Manifest make_manifest(const Dataset& dataset, const PartitionRule& rule,
                       const Partition& partition, std::uint32_t seed);

}  // namespace psephos
