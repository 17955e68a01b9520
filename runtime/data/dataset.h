#pragma once
// Labelled samples in memory: features stay bytes and are normalised batch by batch.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <xtensor/xtensor.hpp>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/run/hyperparameters.h"

namespace psephos {

struct Samples {
  xt::xtensor<std::uint8_t, 2> features;  // n x f
  xt::xtensor<std::uint8_t, 1> labels;    // n
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

// One of the words below, whether or not the files are there: for a flag, before anything is read.
Status check_dataset_words(std::string_view words);

// "fashion-mnist" (Debian's package dataset-fashion-mnist), "idx:DIR" (MNIST's four files, .gz or
// not), "synthetic". Classes: the largest training label + 1, at least 2. Errors say which file is
// wrong, how, and what to do.
// A client needs no test set: with kTrainOnly none is looked for, and `test` stays empty.
enum class DatasetParts : std::uint8_t { kTrainAndTest, kTrainOnly };
Result<DatasetRef> load_dataset(std::string_view words,
                                DatasetParts parts = DatasetParts::kTrainAndTest);

// Gathers samples `indices` (each < samples.size()) into `inputs` (indices.size() x f floats,
// normalised) and `labels`.
void gather(const Samples& samples, std::span<const std::uint32_t> indices,
            const Normalisation& normalisation, std::span<float> inputs,
            std::span<std::uint8_t> labels);

}  // namespace psephos
