#pragma once
// What a flat parameter vector is made of.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace psephos {

inline constexpr std::size_t kMaxTensors = 256;
inline constexpr std::size_t kMaxTensorName = 64;

// One tensor: parameters offset .. offset+count-1. Initial values are uniform in
// [-init_scale, +init_scale); 0 leaves them zero (biases).
struct TensorEntry {
  std::string name;
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
  float init_scale = 0;
  bool operator==(const TensorEntry&) const = default;
};

using TensorTable = std::vector<TensorEntry>;

// Total number of parameters d of a valid table.
std::size_t parameter_count(const TensorTable& table);

// Tensors are non-empty, contiguous from 0, at least one and at most kMaxTensors, d <=
// max_parameters, scales finite and >= 0, names 1 to kMaxTensorName printable ASCII characters.
Status check_tensor_table(const TensorTable& table, std::size_t max_parameters);

// The first tensor that is not the same in both, in words ("tensor 2 is 'fc.bias' (10 parameters,
// init_scale 0) here and ... there"). The tables differ.
std::string describe_difference(const TensorTable& here, const TensorTable& there);

// Tells models apart whose parameters are as many: every name, place and scale.
std::uint64_t tensors_hash(const TensorTable& tensors);

}  // namespace psephos
