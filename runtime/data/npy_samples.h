#pragma once
// Samples from two .npy files, as numpy.save writes them: one of images (or any other features),
// one of labels.

#include <filesystem>
#include <xtensor/xtensor.hpp>

#include "runtime/base/result.h"
#include "runtime/data/dataset.h"

namespace psephos {

inline constexpr std::uint64_t kMaxNpyBytes = std::uint64_t{4} << 30;  // of one array

// Shape (n, f), (n, h, w) or (n, h, w, c), all of which become n x f. '|u1' stays bytes, '<f4'
// stays floats, each of which must be finite.
Result<FeatureTable> read_npy_features(const std::filesystem::path& path);
// Shape (n,), whole numbers of any type, each of which must lie in 0..255.
Result<xt::xtensor<std::uint8_t, 1>> read_npy_labels(const std::filesystem::path& path);

// Both, of the same number and at least one. All errors name the file and say how to save it
// otherwise; nothing is allocated for an array before its header was found to be true.
Result<Samples> read_npy_samples(const std::filesystem::path& features,
                                 const std::filesystem::path& labels);

}  // namespace psephos
