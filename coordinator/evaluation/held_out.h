#pragma once
// Accuracy on the coordinator's own test set.

#include <memory>
#include <span>

#include "runtime/data/dataset.h"
#include "runtime/models/model.h"
#include "runtime/run/observations.h"

namespace psephos::coordinator {

// One evaluator, one thread at a time.
class HeldOut {
 public:
  // `model`: as of make_model for this data set.
  HeldOut(DatasetRef dataset, std::unique_ptr<Model> model, Normalisation normalisation);

  // Mean cross entropy and accuracy of `parameters` (d floats, 64-byte aligned) over all test
  // samples.
  EvaluationResult evaluate(std::span<const float> parameters);

 private:
  DatasetRef dataset_;
  std::unique_ptr<Model> model_;
  Normalisation normalisation_;
};

}  // namespace psephos::coordinator
