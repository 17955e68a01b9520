#pragma once
// A word to whoever brings data and forgets to scale them: the commonest reason why a model of a
// stranger's data does not learn.

#include <optional>
#include <string>

#include "runtime/data/dataset.h"

namespace psephos {

// None where the normalised features of the training samples are about 1 in size: the largest
// magnitude is within 1/4 to 16. Else a sentence with a --normalisation that would make it 1.
std::optional<std::string> scale_advice(const Dataset& dataset, const Normalisation& normalisation);

}  // namespace psephos
