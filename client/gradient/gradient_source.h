#pragma once
// The interface with which a user brings another model: parameters in, batch gradient out.
// Everything else (batches, momentum, ballots, the wire, catch-up) stays Psephos'. The coordinator
// is started with --model external:TENSORS.toml; tests/examples/own_model is a whole client.
//
// One source belongs to one client and is called from one thread at a time, not always the same
// one.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "runtime/base/result.h"
#include "runtime/models/model.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/wire/message.h"

namespace psephos::client {

class GradientSource {
 public:
  virtual ~GradientSource() = default;

  // The model's tensors; must equal the coordinator's table.
  virtual const TensorTable& tensors() const = 0;

  // Local samples, n. 0: this client has no data and answers every round with "none".
  virtual std::uint32_t samples() const = 0;

  // parameters, gradient: d floats, 64-byte aligned. batch: sample numbers in [0, n), not empty,
  // repeats allowed. Writes the gradient of the mean loss over the batch, returns that loss. Must
  // be a pure function of parameters and batch (a replay of the run must give the same bits). A
  // gradient with NaN or infinity is an abstention.
  virtual double gradient(std::span<const float> parameters, std::span<const std::uint32_t> batch,
                          std::span<float> gradient) = 0;

  // Loss and accuracy of `parameters` on this client's own samples. Reported when asked, never used
  // in training.
  virtual LossAndHits evaluate(std::span<const float> parameters) = 0;
};

// Builds the source for the run that Welcome describes; an error ends the client with its text.
using GradientFactory =
    std::function<Result<std::unique_ptr<GradientSource>>(const wire::Welcome& welcome)>;

}  // namespace psephos::client
