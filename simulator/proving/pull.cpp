#include "simulator/proving/pull.h"

#include <algorithm>
#include <memory>

namespace psephos::proving {
namespace {

constexpr std::uint32_t kSamples = 16;

// Multiples of 1/8 between -1 and 1.
float place(std::uint32_t client, std::uint32_t sample, std::size_t i) {
  const auto mixed = static_cast<std::int32_t>((client * 7 + sample * 5 + i * 3) % 16);
  return static_cast<float>(mixed) * 0.125f - 1.0f;
}

class Pull : public client::GradientSource {
 public:
  Pull(std::uint32_t parameters, std::uint32_t client)
      : tensors_(pull_tensors(parameters)), client_(client) {}

  const TensorTable& tensors() const override { return tensors_; }
  std::uint32_t samples() const override { return kSamples; }

  double gradient(std::span<const float> parameters, std::span<const std::uint32_t> batch,
                  std::span<float> gradient) override {
    const float share = 1.0f / static_cast<float>(batch.size());
    std::ranges::fill(gradient, 0.0f);
    for (const std::uint32_t sample : batch) {
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        gradient[i] += (parameters[i] - place(client_, sample, i)) * share;
      }
    }
    for (std::size_t i = 7; i < gradient.size(); i += 31) gradient[i] = 0;
    return 1;
  }

  LossAndHits evaluate(std::span<const float>) override { return {}; }

 private:
  TensorTable tensors_;
  std::uint32_t client_;
};

}  // namespace

TensorTable pull_tensors(std::uint32_t parameters) {
  return {{"a", 0, parameters - 1, 0.5f}, {"b", parameters - 1, 1, 0}};
}

client::GradientFactory pull(std::uint32_t parameters, std::uint32_t client) {
  return [=](const wire::Welcome&) -> Result<std::unique_ptr<client::GradientSource>> {
    return std::unique_ptr<client::GradientSource>(std::make_unique<Pull>(parameters, client));
  };
}

}  // namespace psephos::proving
