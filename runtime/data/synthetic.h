#pragma once
// A small data set made up from a seed: ten overlapping classes of 8x8 byte images, learnable to
// well above 0.9 by softmax regression in a few hundred rounds. For tests, demonstrations and
// machines without data.

#include "runtime/data/dataset.h"

namespace psephos {

// The same bytes on every machine: integers from Philox only.
Dataset make_synthetic(std::size_t train_samples = 6000, std::size_t test_samples = 1000);

}  // namespace psephos
