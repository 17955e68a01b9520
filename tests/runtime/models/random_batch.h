#pragma once
// Inputs, labels and parameters for tests of models, from Philox: the same in every run.

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/philox.h"
#include "runtime/models/model.h"
#include "runtime/replica/initial_parameters.h"

namespace psephos {

struct RandomBatch {
  AlignedVector<float> inputs;
  AlignedVector<std::uint8_t> labels;
};

// Uniform in [-1, 1).
inline AlignedVector<float> random_floats(std::size_t count, std::uint32_t seed) {
  AlignedVector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double unit = unit_interval(philox_word({seed, 1}, 0, Purpose::kFault, i));
    values[i] = static_cast<float>(2 * unit - 1);
  }
  return values;
}

// Inputs uniform in [-1, 1).
inline RandomBatch random_batch(const Model& model, std::size_t samples, std::uint32_t seed) {
  const PhiloxKey key{seed, 1};
  RandomBatch batch;
  batch.inputs = random_floats(samples * model.features(), seed);
  for (std::size_t i = 0; i < samples; ++i) {
    const std::uint32_t word = philox_word(key, 1, Purpose::kFault, i);
    const std::uint32_t label = below(word, static_cast<std::uint32_t>(model.classes()));
    batch.labels.push_back(static_cast<std::uint8_t>(label));
  }
  return batch;
}

// Weights and biases alike uniform in [-0.5, 0.5): zero biases would hide a lost one.
inline AlignedVector<float> random_parameters(const Model& model, std::uint32_t seed) {
  TensorTable table = model.tensors();
  for (TensorEntry& tensor : table) tensor.init_scale = 0.5f;
  AlignedVector<float> x(model.parameters());
  fill_initial_parameters(table, seed, x);
  return x;
}

}  // namespace psephos
