// A worked example: a client with a model and data of its own.
//
//   psephos-coordinator --model external:TENSORS.toml --min-voters 3 --rounds 300 --lr 0.02
//   own_model tcp://127.0.0.1:5580 kitchen        (and hall, and garage: three of them)
//
// Psephos never sees the model or the data. It hands this program parameters and asks for
// gradients; batches, momentum, ballots, the wire and catching up are its own business.
//
// The task: does a point of the plane lie within a circle? The model: 16 tanh units over the two
// coordinates and one logistic unit over those.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "client/agent/agent.h"
#include "runtime/base/entropy.h"
#include "runtime/base/interrupt.h"

namespace {

using namespace psephos;

constexpr std::size_t kHidden = 16;

// Where each tensor begins in the parameter vector: as in TENSORS.toml.
constexpr std::size_t kHiddenWeight = 0;
constexpr std::size_t kHiddenBias = kHiddenWeight + 2 * kHidden;
constexpr std::size_t kOutWeight = kHiddenBias + kHidden;
constexpr std::size_t kOutBias = kOutWeight + kHidden;

struct Sample {
  std::array<float, 2> point;
  float inside;  // 1 or 0
};

// This client's own data; every name has other points.
std::vector<Sample> samples_of(const std::string& name) {
  std::seed_seq seed(name.begin(), name.end());
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> coordinate(-2, 2);
  std::vector<Sample> samples(500);
  for (Sample& sample : samples) {
    sample.point = {coordinate(random), coordinate(random)};
    sample.inside = std::hypot(sample.point[0], sample.point[1]) < 1.3f ? 1.0f : 0.0f;
  }
  return samples;
}

// The five functions of a model. One object belongs to one client and is called from one thread at
// a time, so it may keep scratch memory.
class CircleNet : public client::GradientSource {
 public:
  explicit CircleNet(std::vector<Sample> samples) : samples_(std::move(samples)) {}

  // Must be what the coordinator read from TENSORS.toml: name, offset, count, init_scale.
  const TensorTable& tensors() const override { return tensors_; }

  std::uint32_t samples() const override { return static_cast<std::uint32_t>(samples_.size()); }

  // The gradient of the mean loss over the samples with these numbers; returns that loss.
  double gradient(std::span<const float> x, std::span<const std::uint32_t> batch,
                  std::span<float> gradient) override {
    std::ranges::fill(gradient, 0.0f);
    double loss = 0;
    const float share = 1.0f / static_cast<float>(batch.size());
    for (const std::uint32_t i : batch) {
      const Sample& sample = samples_[i];
      const float logit = forward(x, sample);
      loss += loss_of(logit, sample);
      add_gradient(x, sample, share * (1 / (1 + std::exp(-logit)) - sample.inside), gradient);
    }
    return loss / static_cast<double>(batch.size());
  }

  // How well the model does on this client's samples. Asked for every --eval-every rounds; these
  // reports are all that anybody knows of an external model's accuracy.
  LossAndHits evaluate(std::span<const float> x) override {
    LossAndHits result;
    for (const Sample& sample : samples_) {
      const float logit = forward(x, sample);
      result.loss_sum += loss_of(logit, sample);
      result.hits += (logit > 0) == (sample.inside > 0) ? 1 : 0;
      ++result.samples;
    }
    return result;
  }

 private:
  // Keeps the hidden units' values for add_gradient.
  float forward(std::span<const float> x, const Sample& sample) {
    float logit = x[kOutBias];
    for (std::size_t h = 0; h < kHidden; ++h) {
      hidden_[h] = std::tanh(x[kHiddenWeight + 2 * h] * sample.point[0] +
                             x[kHiddenWeight + 2 * h + 1] * sample.point[1] + x[kHiddenBias + h]);
      logit += x[kOutWeight + h] * hidden_[h];
    }
    return logit;
  }

  // -log of the probability of the truth, without overflow for any logit.
  static double loss_of(float logit, const Sample& sample) {
    return static_cast<double>(std::max(logit, 0.0f) - logit * sample.inside +
                               std::log1p(std::exp(-std::abs(logit))));
  }

  // `slope`: of the loss over the logit.
  void add_gradient(std::span<const float> x, const Sample& sample, float slope,
                    std::span<float> gradient) const {
    gradient[kOutBias] += slope;
    for (std::size_t h = 0; h < kHidden; ++h) {
      gradient[kOutWeight + h] += slope * hidden_[h];
      const float inner = slope * x[kOutWeight + h] * (1 - hidden_[h] * hidden_[h]);
      gradient[kHiddenWeight + 2 * h] += inner * sample.point[0];
      gradient[kHiddenWeight + 2 * h + 1] += inner * sample.point[1];
      gradient[kHiddenBias + h] += inner;
    }
  }

  const TensorTable tensors_ = {{"hidden.weight", kHiddenWeight, 2 * kHidden, 1.0f},
                                {"hidden.bias", kHiddenBias, kHidden, 1.0f},
                                {"out.weight", kOutWeight, kHidden, 0.5f},
                                {"out.bias", kOutBias, 1, 0.0f}};
  std::vector<Sample> samples_;
  std::array<float, kHidden> hidden_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: own_model tcp://HOST:PORT NAME\n");
    return 2;
  }
  const std::string name = argv[2];
  const std::vector<Sample> samples = samples_of(name);

  // Called once the coordinator has said what the run is about: look at `welcome` to refuse a run.
  const client::GradientFactory model =
      [&](const wire::Welcome&) -> Result<std::unique_ptr<client::GradientSource>> {
    return std::unique_ptr<client::GradientSource>(std::make_unique<CircleNet>(samples));
  };

  // Batches and coins are drawn from this key; a secret one, so that nobody can foresee them.
  const std::uint64_t secret = random_identifier();
  const PhiloxKey key = {static_cast<std::uint32_t>(secret),
                         static_cast<std::uint32_t>(secret >> 32)};
  client::AgentOptions options;
  options.endpoint = argv[1];
  options.session.name = name;
  options.session.samples = samples.size();
  options.session.key = key;

  catch_interrupts(2);
  net::Context context;
  client::Agent agent(
      context, options, std::make_unique<client::Worker>(model, key),
      [&](const client::Note& said) { fmt::print(stderr, "{}: {}\n", name, said.text); });
  const auto outcome = agent.run([] { return interrupts() > 0; });  // until the run is over
  if (!outcome || outcome->ending == client::Ending::kFailed) {
    fmt::print(stderr, "{}: {}\n", name, outcome ? outcome->text : outcome.error().text);
    return 1;
  }
  fmt::print("{}: {}\n", name, outcome->text);  // agent.worker().parameters() is the model now
  return outcome->ending == client::Ending::kStopped ? interrupted_exit_status() : 0;
}
