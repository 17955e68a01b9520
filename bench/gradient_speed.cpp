// How close Model::gradient comes to what a core can multiply and add: one JSON line.
//
// Peak and gradients are measured in turn, many times, and the best of each is reported: other work
// on the machine and clocks that change disturb both alike, and never make one faster.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/philox.h"
#include "runtime/models/model.h"
#include "runtime/replica/initial_parameters.h"

namespace psephos {
namespace {

constexpr int kBadUsage = 2;
constexpr std::size_t kSums = 12;  // enough to hide a multiply-add's latency, few enough to fit
constexpr std::size_t kMaxBatch = 1 << 20;
constexpr double kSliceSeconds = 0.004;

struct Options {
  std::string model = "mlp:128";
  std::size_t features = 784;
  std::size_t classes = 10;
  std::size_t batch = 32;
  int repeats = 100;
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// ---- the peak

using Floats4 = float __attribute__((vector_size(16)));
using Floats8 = float __attribute__((vector_size(32)));

template <class Floats>
[[gnu::always_inline]] inline float multiply_and_add(std::uint64_t steps) {
  const volatile float start = 1.0f, factor = 0.999f, addend = 0.001f;
  const Floats factors = Floats{} + factor;
  const Floats addends = Floats{} + addend;
  Floats sums[kSums];
#pragma GCC unroll 12
  for (Floats& sum : sums) sum = Floats{} + start;
  for (std::uint64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (Floats& sum : sums) sum = sum * factors + addends;
  }
  Floats total{};
#pragma GCC unroll 12
  for (const Floats& sum : sums) total += sum;
  return total[0];
}

struct Peak {
  std::string_view instructions;
  std::size_t floats;
  float (*run)(std::uint64_t steps);
};

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] float run_avx2(std::uint64_t steps) {
  return multiply_and_add<Floats8>(steps);
}
#endif
float run_baseline(std::uint64_t steps) { return multiply_and_add<Floats4>(steps); }

Peak choose_peak() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return {"256-bit AVX2 FMA", 8, run_avx2};
  }
#endif
  return {"128-bit, compiler's baseline", 4, run_baseline};
}

double measure_peak_gflops(const Peak& peak) {
  constexpr std::uint64_t kSteps = 200'000;
  const double begin = seconds_now();
  const volatile float result = peak.run(kSteps);
  static_cast<void>(result);
  const double flops = 2.0 * static_cast<double>(kSteps * kSums * peak.floats);
  return flops / (seconds_now() - begin) * 1e-9;
}

// ---- the gradient

// Multiply-adds that one sample's gradient needs: every weight once in the forward pass, once in
// its own gradient and, but for the first layer's, once in the derivative by the layer's inputs;
// a filter's weights at every place where its window lies and is pooled.
double multiply_adds(const Model& model, std::string_view words) {
  auto side = static_cast<std::size_t>(std::lround(std::sqrt(model.features())));
  const bool cnn = words.starts_with("cnn");
  double count = 0;
  for (std::size_t layer = 0; 2 * layer < model.tensors().size(); ++layer) {
    double uses = layer == 0 ? 2 : 3;
    if (cnn && layer < 2) {
      side = (side - 4) / 2;
      uses *= static_cast<double>(4 * side * side);
    }
    count += uses * static_cast<double>(model.tensors()[2 * layer].count);
  }
  return count;
}

// A model with parameters and a batch of its own.
class Client {
 public:
  Client(const Options& options, std::uint32_t seed)
      : model_(std::move(make_model(options.model, options.features, options.classes)).value()),
        parameters_(model_->parameters()),
        gradient_(model_->parameters()) {
    fill_initial_parameters(model_->tensors(), seed, parameters_);
    for (std::size_t i = 0; i < options.batch * options.features; ++i) {
      const std::uint32_t word = philox_word({seed, 1}, 0, Purpose::kBatch, i);
      inputs_.push_back(static_cast<float>(unit_interval(word)));
    }
    for (std::size_t i = 0; i < options.batch; ++i) {
      const std::uint32_t word = philox_word({seed, 1}, 1, Purpose::kBatch, i);
      labels_.push_back(
          static_cast<std::uint8_t>(below(word, static_cast<std::uint32_t>(options.classes))));
    }
  }

  const Model& model() const { return *model_; }

  // Seconds per gradient.
  double measure(std::uint64_t times) {
    const double begin = seconds_now();
    for (std::uint64_t i = 0; i < times; ++i) {
      model_->gradient(parameters_, inputs_, labels_, gradient_);
    }
    return (seconds_now() - begin) / static_cast<double>(times);
  }

 private:
  std::unique_ptr<Model> model_;
  AlignedVector<float> parameters_;
  AlignedVector<float> gradient_;
  AlignedVector<float> inputs_;
  std::vector<std::uint8_t> labels_;
};

// Seconds per gradient on each of two threads that work at once; their mean.
double measure_two(std::vector<Client>& clients, std::uint64_t times) {
  std::vector<double> seconds(clients.size());
  std::barrier start(static_cast<std::ptrdiff_t>(clients.size()));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < clients.size(); ++t) {
    threads.emplace_back([&, t] {
      clients[t].measure(1);  // what a new thread's core must first fetch
      start.arrive_and_wait();
      seconds[t] = clients[t].measure(times);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return (seconds[0] + seconds[1]) / 2;
}

struct Figures {
  double peak_gflops = 0;
  double seconds = 1e9;
  double seconds_of_two = 1e9;
};

Figures measure(const Peak& peak, std::vector<Client>& clients, int repeats) {
  clients[0].measure(3);
  const double one = clients[0].measure(3);
  const auto times = static_cast<std::uint64_t>(std::max(1.0, kSliceSeconds / one));
  Figures best;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    best.peak_gflops = std::max(best.peak_gflops, measure_peak_gflops(peak));
    best.seconds = std::min(best.seconds, clients[0].measure(times));
    best.seconds_of_two = std::min(best.seconds_of_two, measure_two(clients, times));
  }
  return best;
}

int print_figures(const Options& options) {
  const auto checked = make_model(options.model, options.features, options.classes);
  if (!checked) {
    fmt::print(stderr, "gradient_speed: {}\n", checked.error().text);
    return kBadUsage;
  }
  std::vector<Client> clients;
  for (const std::uint32_t seed : {1u, 2u}) clients.emplace_back(options, seed);
  const Model& model = clients[0].model();
  const Peak peak = choose_peak();
  const Figures best = measure(peak, clients, options.repeats);
  const double gflop =
      2e-9 * multiply_adds(model, options.model) * static_cast<double>(options.batch);
  const double one = gflop / best.seconds;
  const double two = gflop / best.seconds_of_two;
  fmt::print(
      "{{\"model\": \"{}\", \"features\": {}, \"classes\": {}, \"d\": {}, \"batch\": {}, "
      "\"fma_peak_gflops\": {:.1f}, \"gradient_gflops\": {:.1f}, "
      "\"gradient_share_of_peak\": {:.3f}, \"gradient_gflops_per_core_2\": {:.1f}, "
      "\"gradient_share_of_peak_2\": {:.3f}, \"gradient_us\": {:.2f}, \"arithmetic\": \"{}\", "
      "\"peak_instructions\": \"{}\"}}\n",
      options.model, options.features, options.classes, model.parameters(), options.batch,
      best.peak_gflops, one, one / best.peak_gflops, two, two / best.peak_gflops,
      best.seconds * 1e6, arithmetic_set(), peak.instructions);
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Measures Model::gradient on one thread and on two at once, beside this core's peak."};
  app.add_option("--model", options.model, "words of psephos-simulate's --model")
      ->capture_default_str();
  app.add_option("--features", options.features, "inputs per sample")->capture_default_str();
  app.add_option("--classes", options.classes, "2 to 256")->capture_default_str();
  app.add_option("--batch", options.batch, "samples per gradient")
      ->check(CLI::Range(std::size_t{1}, kMaxBatch))
      ->capture_default_str();
  app.add_option("--repeats", options.repeats, "the best of so many is printed")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  return print_figures(options);
}

}  // namespace
}  // namespace psephos

int main(int argc, char** argv) { return psephos::run(argc, argv); }
