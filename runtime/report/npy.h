#pragma once
// NumPy's .npy format: what numpy.load reads without being told anything.

#include <span>
#include <string>

namespace psephos {

// A NumPy .npy file (version 1.0, '<f4', one dimension) as bytes. The values start at a multiple
// of 64 bytes, so the file can be mapped and used as it lies.
std::string npy_bytes(std::span<const float> values);

}  // namespace psephos
