#include <xxhash.h>

#include <bit>
#include <memory>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/data/partition.h"

namespace psephos {
namespace {

// Numbers are hashed as they lie in memory; little-endian is what all our machines are.
static_assert(std::endian::native == std::endian::little);

class Hasher {
 public:
  Hasher() : state_(XXH3_createState()) {
    PSEPHOS_CHECK(state_ != nullptr, "out of memory");
    XXH3_64bits_reset(state_.get());
  }

  // The length goes first: no two lists of things run together into the same bytes.
  template <class T>
  void add(std::span<const T> values) {
    add_number(values.size());
    XXH3_64bits_update(state_.get(), values.data(), values.size_bytes());
  }

  void add_table(const FeatureTable& table) {
    if (const auto* bytes = table.bytes()) add(std::span(bytes->data(), bytes->size()));
    if (const auto* floats = table.floats()) add(std::span(floats->data(), floats->size()));
  }

  void add_samples(const Samples& samples) {
    add_table(samples.features);
    add(std::span<const std::uint8_t>(samples.labels.data(), samples.labels.size()));
  }

  void add_number(std::uint64_t number) {
    XXH3_64bits_update(state_.get(), &number, sizeof number);
  }

  std::uint64_t finish() const {
    const std::uint64_t hash = XXH3_64bits_digest(state_.get());
    return hash == 0 ? 1 : hash;
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

}  // namespace

std::uint64_t samples_hash(const Samples& samples) {
  Hasher hasher;
  hasher.add_samples(samples);
  return hasher.finish();
}

std::uint64_t manifest_hash(const Dataset& dataset, const PartitionRule& rule,
                            const Partition& partition, std::uint32_t seed) {
  Hasher hasher;
  hasher.add_number(dataset.features);
  hasher.add_number(dataset.classes);
  hasher.add_samples(dataset.train);
  const std::string words = to_string(rule);
  hasher.add(std::span<const char>(words));
  hasher.add_number(seed);
  hasher.add_number(partition.parts());
  if (partition.is_drawn()) return hasher.finish();  // the rest follows from the seed
  for (std::uint32_t part = 0; part < partition.parts(); ++part) {
    const std::vector<std::uint32_t> indices = partition.indices(part);
    hasher.add(std::span<const std::uint32_t>(indices));
  }
  return hasher.finish();
}

Manifest make_manifest(const Dataset& dataset, const PartitionRule& rule,
                       const Partition& partition, std::uint32_t seed) {
  Manifest manifest;
  for (std::uint32_t part = 0; part < partition.parts(); ++part) {
    std::vector<std::uint64_t> histogram(dataset.classes);
    for (const std::uint32_t index : partition.indices(part)) {
      PSEPHOS_CHECK(index < dataset.train.size(), "a partition of another data set");
      ++histogram[dataset.train.labels(index)];
    }
    manifest.sizes.push_back(partition.size(part));
    manifest.label_histogram.push_back(std::move(histogram));
  }
  manifest.hash = manifest_hash(dataset, rule, partition, seed);
  return manifest;
}

}  // namespace psephos
