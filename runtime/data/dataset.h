#pragma once
// Labelled samples in memory: features stay as they came and are normalised batch by batch.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <xtensor/xtensor.hpp>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/data/feature_table.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/run/test_fraction.h"

namespace psephos {

struct Samples {
  FeatureTable features;                // n x f
  xt::xtensor<std::uint8_t, 1> labels;  // n
  std::size_t size() const { return labels.size(); }
};

// Immutable once loaded; shared by all simulated clients of a process.
struct Dataset {
  std::string name;  // the words it was asked for by
  Samples train;
  Samples test;
  std::size_t features = 0;
  std::size_t classes = 0;
};

using DatasetRef = std::shared_ptr<const Dataset>;

// Known data sets, by their words:
//   fashion-mnist           Debian's package dataset-fashion-mnist
//   synthetic               made up from a seed (runtime/data/synthetic.h)
//   idx:DIR                 MNIST's four files, .gz or not
//   npy:IMAGES,LABELS       two files of numpy.save (runtime/data/npy_samples.h)
//   csv:FILE:LABEL_COLUMN   one table (runtime/data/csv_samples.h)
// The last two bring no test set.
bool brings_test_set(std::string_view words);

// Are these such words, whether or not the files are there, and may --test-fraction be given with
// them? For flags, before anything is read: errors name the flag.
Status check_dataset_words(std::string_view words,
                           std::optional<double> test_fraction = std::nullopt);

// Loads it. Classes: the largest label + 1, at least 2; of a data set with a test set of its own
// the largest of the training set. A test set that the data set does not bring is held back from
// its samples (runtime/data/split.h), the same ones by everybody who asks alike; a fraction of 0
// holds none back. Errors say which file is wrong, how, and what to do.
// A client needs no test set: with kTrainOnly none is looked for, and `test` stays empty.
enum class DatasetParts : std::uint8_t { kTrainAndTest, kTrainOnly };
Result<DatasetRef> load_dataset(std::string_view words,
                                DatasetParts parts = DatasetParts::kTrainAndTest,
                                std::optional<double> test_fraction = std::nullopt);

// Gathers samples `indices` (each < samples.size()) into `inputs` (indices.size() x f floats,
// normalised) and `labels`.
void gather(const Samples& samples, std::span<const std::uint32_t> indices,
            const Normalisation& normalisation, std::span<float> inputs,
            std::span<std::uint8_t> labels);

}  // namespace psephos
