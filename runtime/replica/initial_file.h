#pragma once
// x_0 from a file (--init FILE.npy): parameters trained elsewhere, or drawn by a rule of the
// user's own. Clients cannot draw it; they fetch it as a checkpoint.

#include <cstddef>
#include <filesystem>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace psephos {

// The `parameters` values of a .npy file: one dimension, '<f4', all of them finite. In NumPy:
// numpy.save(FILE, numpy.concatenate([w.ravel() for w in tensors]).astype('<f4')). Errors begin
// with the path and say what to do.
Result<AlignedVector<float>> read_initial_parameters(const std::filesystem::path& path,
                                                     std::size_t parameters);

}  // namespace psephos
