#pragma once
// The run that fuzzed frames burst into: a model of two tensors that pulls towards zero, and the
// numbers that the golden frames of tests/vectors/ carry.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "client/gradient/gradient_source.h"
#include "runtime/base/bytes.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/wire/message.h"

namespace psephos::fuzz {

inline constexpr std::uint64_t kRun = 0x1122334455667788;
inline constexpr std::uint64_t kSession = 0xA1B2C3D4E5F60718;
inline constexpr std::uint32_t kRounds = 2;

inline const TensorTable& tensors() {
  static const TensorTable table = {{"weight", 0, 40, 0.5F}, {"bias", 40, 3, 0}};
  return table;
}

inline Hyperparameters hyperparameters() {
  Hyperparameters hyper;
  hyper.rounds = kRounds;
  hyper.seed = 5;
  hyper.staleness = 1;
  hyper.heartbeat_ms = 1000;
  return hyper;
}

// An input in the aligned memory in which the net layer would have put it.
inline Frame frame_of(std::span<const std::uint8_t> bytes) {
  return std::make_shared<const Bytes>(bytes.begin(), bytes.end());
}

class TowardsZero : public client::GradientSource {
 public:
  const TensorTable& tensors() const override { return fuzz::tensors(); }
  std::uint32_t samples() const override { return 1; }
  double gradient(std::span<const float> x, std::span<const std::uint32_t>,
                  std::span<float> gradient) override {
    std::copy(x.begin(), x.end(), gradient.begin());
    return 0;
  }
  LossAndHits evaluate(std::span<const float>) override { return {0, 1, 1}; }
};

inline client::GradientFactory towards_zero() {
  return [](const wire::Welcome&) -> Result<std::unique_ptr<client::GradientSource>> {
    return std::unique_ptr<client::GradientSource>(std::make_unique<TowardsZero>());
  };
}

}  // namespace psephos::fuzz
