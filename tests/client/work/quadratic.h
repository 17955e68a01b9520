#pragma once
// A user's own model, as small as they come: sample s pulls every parameter i towards target(s, i).
// loss(x; s) = sum over i of (x_i - target(s, i))^2 / 2.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "client/gradient/gradient_source.h"

namespace psephos::client::testing {

inline float target(std::uint32_t sample, std::size_t i) {
  return static_cast<float>((sample * 31 + i * 17) % 64) / 16.0f - 2.0f;
}

inline TensorTable quadratic_tensors(std::uint32_t parameters) {
  return {{"a", 0, parameters - 2, 0.5f}, {"b", parameters - 2, 2, 0}};
}

class Quadratic : public GradientSource {
 public:
  Quadratic(std::uint32_t parameters, std::uint32_t samples)
      : tensors_(quadratic_tensors(parameters)), samples_(samples) {}

  const TensorTable& tensors() const override { return tensors_; }
  std::uint32_t samples() const override { return samples_; }

  double gradient(std::span<const float> parameters, std::span<const std::uint32_t> batch,
                  std::span<float> gradient) override {
    if (before_gradient) before_gradient();
    const float share = 1.0f / static_cast<float>(batch.size());
    double loss = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      float sum = 0;
      for (const std::uint32_t sample : batch) {
        const float distance = parameters[i] - target(sample, i);
        sum += distance;
        loss += 0.5 * static_cast<double>(distance) * static_cast<double>(distance);
      }
      gradient[i] = sum * share;
    }
    if (after_gradient) loss = after_gradient(gradient, loss);
    return loss / static_cast<double>(batch.size());
  }

  LossAndHits evaluate(std::span<const float> parameters) override {
    LossAndHits result;
    result.samples = samples_;
    for (std::uint32_t sample = 0; sample < samples_; ++sample) {
      result.hits += parameters[0] > target(sample, 0) ? 1 : 0;
      result.loss_sum += static_cast<double>(parameters[0]);
    }
    return after_evaluation ? after_evaluation(result) : result;
  }

  // What a test wants to go wrong.
  std::function<void()> before_gradient;
  std::function<double(std::span<float>, double)> after_gradient;
  std::function<LossAndHits(LossAndHits)> after_evaluation;

 private:
  TensorTable tensors_;
  std::uint32_t samples_;
};

// `tune` may set what goes wrong.
inline GradientFactory quadratic(std::uint32_t parameters, std::uint32_t samples,
                                 std::function<void(Quadratic&)> tune = nullptr) {
  return [=](const wire::Welcome&) -> Result<std::unique_ptr<GradientSource>> {
    auto source = std::make_unique<Quadratic>(parameters, samples);
    if (tune) tune(*source);
    return std::unique_ptr<GradientSource>(std::move(source));
  };
}

}  // namespace psephos::client::testing
