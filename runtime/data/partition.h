#pragma once
// Which samples a client holds, as a pure function of labels, number of parts and seed; and the
// manifest by which all parties can tell that they mean the same partition.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/data/dataset.h"

namespace psephos {

struct PartitionRule {
  enum class Kind : std::uint8_t { kIid, kShards, kDirichlet };
  Kind kind = Kind::kIid;
  std::uint32_t shards = 0;  // kShards: label-sorted shards per client
  double alpha = 0;          // kDirichlet: concentration, small is uneven
  bool operator==(const PartitionRule&) const = default;
};

inline constexpr std::uint32_t kMaxShards = 1'000'000;  // per client
inline constexpr double kMinAlpha = 0.001;
inline constexpr double kMaxAlpha = 1e6;

// "iid", "shards:K", "dirichlet:A": K in 1..kMaxShards, A in kMinAlpha..kMaxAlpha.
Result<PartitionRule> parse_partition(std::string_view text);
std::string to_string(const PartitionRule& rule);

struct Partition {
  std::vector<std::vector<std::uint32_t>>
      parts;  // ascending sample indices, disjoint, covering all
};

// Refuses no parts, and more parts (or shards) than samples. Every label is below `classes`.
// Dirichlet parts may be empty: such a client abstains. A Dirichlet cut uses std::log and friends,
// so two machines could disagree about a sample: comparing manifest hashes shows it.
Result<Partition> make_partition(const PartitionRule& rule, std::span<const std::uint8_t> labels,
                                 std::size_t classes, std::uint32_t parts, std::uint32_t seed);

struct Manifest {
  std::vector<std::uint64_t> sizes;                         // samples per part
  std::vector<std::vector<std::uint64_t>> label_histogram;  // per part, per class
  // XXH3-64 of the training samples and labels, rule, seed and every part's indices; never 0. The
  // name and the folder of the data set are not in it, nor its test samples: who holds no test set
  // trains too.
  std::uint64_t hash = 0;
};

Manifest make_manifest(const Dataset& dataset, const PartitionRule& rule,
                       const Partition& partition, std::uint32_t seed);

}  // namespace psephos
