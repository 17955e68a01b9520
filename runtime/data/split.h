#pragma once
// Holding samples back from training: as a test set where a data set brings none, as validation
// samples where settings are chosen by them.

#include <cstdint>

#include "runtime/base/result.h"
#include "runtime/data/dataset.h"

namespace psephos {

// Two splits of the same samples, one for each, have nothing to do with each other.
enum class HeldBackAs : std::uint32_t { kTest = 0, kValidation = 1 };

// `dataset` with the share `share` of its training samples (in 0..1, rounded to whole samples, at
// least one and never all) held back: what is left is its training set, in the order it had, and
// what is held back is its test set; one that it had is gone.
//
// Which samples are held back is drawn by Philox and depends on their number and `share` alone, not
// on a run's seed: coordinator, simulator and every client hold back the same, and the runs of a
// sweep over seeds are compared on the same samples. Refuses to split a single sample.
Result<Dataset> hold_back(const Dataset& dataset, double share, HeldBackAs purpose);

}  // namespace psephos
