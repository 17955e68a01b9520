#pragma once
// Softmax cross entropy over a batch of logits, and its derivative.

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/models/model.h"

namespace psephos {

// How many floats a scratch of `count` takes: whole registers of every processor, so that no loop
// over exponentials has a remainder.
constexpr std::size_t padded(std::size_t count) {
  constexpr std::size_t kPadding = kAlignment / sizeof(float);
  return (count + kPadding - 1) / kPadding * kPadding;
}

// `logits`: labels x classes, in 64-byte aligned scratch of padded() size; shifted so that each
// sample's largest is 0. `errors`: of the same size; becomes the derivative of the mean loss by the
// logits, (softmax - one-hot label) / samples. Returns the summed loss.
double softmax_errors(std::span<const std::uint8_t> labels, std::size_t classes, float* logits,
                      float* errors);

// The same scratch; `powers` holds exponentials afterwards. The first of equal logits is the
// model's answer.
LossAndHits softmax_loss(std::span<const std::uint8_t> labels, std::size_t classes, float* logits,
                         float* powers);

}  // namespace psephos
