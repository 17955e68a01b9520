#pragma once
// The tensor table of a model that only its clients can compute, as a person writes it (TOML):
//
//   [[tensor]]
//   name = "conv.weight"
//   shape = [16, 1, 5, 5]   # or: count = 400
//   init_scale = 0.1        # x_0 is drawn from [-0.1, 0.1); 0: it is 0
//
//   [[tensor]]
//   name = "conv.bias"
//   count = 16
//   init_scale = 0
//
// Tensors lie one behind the other in the parameter vector, in the order of the file.

#include <cstddef>
#include <filesystem>

#include "runtime/base/result.h"
#include "runtime/replica/tensor_table.h"

namespace psephos {

// Sixteen times what 256 tensors with long names take.
inline constexpr std::size_t kMaxTensorFileBytes = std::size_t{1} << 19;

// A table that passes check_tensor_table with kMaxParameters and in which no name stands twice.
// Every key but those above is an error; an error names file, line and tensor, and says what to
// write.
Result<TensorTable> read_tensor_file(const std::filesystem::path& path);

}  // namespace psephos
