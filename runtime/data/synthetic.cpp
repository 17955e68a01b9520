#include "runtime/data/synthetic.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/philox.h"

namespace psephos {
namespace {

constexpr std::size_t kClasses = 10;
constexpr std::size_t kFeatures = 64;
constexpr PhiloxKey kSyntheticKey{0x50736570, kRunStream};

// What Philox's round number stands for here.
enum Table : std::uint32_t { kPrototypes = 0, kTrain = 1, kTest = 2 };

// Chosen so that a linear model gets about 19 of 20 right: enough overlap that training shows.
constexpr std::int32_t kContrast = 44;  // prototypes lie within 128 +- kContrast
constexpr std::int32_t kNoise = 100;    // in 256ths of a sum of four bytes

// The sum of a word's bytes, centred: close enough to a bell curve (sigma 148).
std::int32_t bell(std::uint32_t word) {
  return static_cast<std::int32_t>((word & 0xFF) + (word >> 8 & 0xFF) + (word >> 16 & 0xFF) +
                                   (word >> 24)) -
         510;
}

using Prototype = std::array<std::int32_t, kFeatures>;

std::array<Prototype, kClasses> make_prototypes() {
  std::array<Prototype, kClasses> prototypes{};
  for (std::size_t c = 0; c < kClasses; ++c) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      const std::uint32_t word =
          philox_word(kSyntheticKey, kPrototypes, Purpose::kSynthetic, c * kFeatures + i);
      prototypes[c][i] =
          128 - kContrast + static_cast<std::int32_t>(below(word, 2 * kContrast + 1));
    }
  }
  return prototypes;
}

Samples make_samples(const std::array<Prototype, kClasses>& prototypes, Table table,
                     std::size_t count) {
  // One block of words for the label, then one word per feature.
  constexpr std::size_t kBlocks = 1 + kFeatures / 4;
  FeatureTable::ByteTable features(std::array<std::size_t, 2>{count, kFeatures});
  Samples samples;
  samples.labels.resize({count});
  for (std::size_t n = 0; n < count; ++n) {
    const std::uint64_t first = n * kBlocks;
    const std::uint32_t label =
        below(philox(kSyntheticKey, table, Purpose::kSynthetic, first)[0], kClasses);
    samples.labels(n) = static_cast<std::uint8_t>(label);
    for (std::size_t i = 0; i < kFeatures; ++i) {
      const std::uint32_t word =
          philox(kSyntheticKey, table, Purpose::kSynthetic, first + 1 + i / 4)[i % 4];
      const std::int32_t value = prototypes[label][i] + bell(word) * kNoise / 256;
      features(n, i) = static_cast<std::uint8_t>(std::clamp(value, 0, 255));
    }
  }
  samples.features = std::move(features);
  return samples;
}

}  // namespace

Dataset make_synthetic(std::size_t train_samples, std::size_t test_samples) {
  const std::array<Prototype, kClasses> prototypes = make_prototypes();
  Dataset dataset;
  dataset.name = "synthetic";
  dataset.train = make_samples(prototypes, kTrain, train_samples);
  dataset.test = make_samples(prototypes, kTest, test_samples);
  dataset.features = kFeatures;
  dataset.classes = kClasses;
  return dataset;
}

}  // namespace psephos
