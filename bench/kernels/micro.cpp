#include "bench/kernels/micro.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <string>

#include "bench/kernels/ballots.h"
#include "platforms/kernels/kernels.h"

namespace psephos::bench {
namespace {

using kernels::CoinAddress;
using kernels::CounterPlanes;
using kernels::Kernels;

constexpr int kBadUsage = 2;
constexpr CoinAddress kCoin{{1, 2}, 3, 4};
constexpr std::size_t kVoters = 64;
// Within the level-one cache, the level-two one, the last one; and with a short last block.
constexpr std::array<std::int64_t, 4> kSizes{4096, 101'770, 1 << 17, 1 << 20};

// Whatever a kernel may ask for, at one size.
struct Workbench {
  explicit Workbench(std::size_t parameters)
      : d(parameters),
        words(word_count(d)),
        ballots(random_ballots(d, kVoters)),
        planes(pointers_to(ballots.signs, kVoters)),
        floats(random_floats(d, 1, 6)),
        state(d),
        bytes(d),
        signs(random_plane(d, 2)),
        voted(random_plane(d, 3)),
        negative(plane_count * words),
        abstained(plane_count * words),
        net16(d),
        net32(d) {
    for (std::size_t w = 0; w < words; ++w) signs[w] &= voted[w];
    const auto n = kernels::portable_kernels().count_ones(voted.data(), words);
    gathered.resize(static_cast<std::size_t>((n + 7) / 8));
  }

  CounterPlanes counter() { return {negative.data(), plane_count, words, words}; }

  static constexpr std::size_t plane_count = std::bit_width(2 * kVoters);

  std::size_t d;
  std::size_t words;
  Ballots ballots;
  std::vector<const std::uint32_t*> planes;
  AlignedVector<float> floats;
  AlignedVector<float> state;
  Bytes bytes;
  Bytes gathered;
  AlignedVector<std::uint32_t> signs;
  AlignedVector<std::uint32_t> voted;
  AlignedVector<std::uint32_t> negative;
  AlignedVector<std::uint32_t> abstained;
  AlignedVector<std::int16_t> net16;
  AlignedVector<std::int32_t> net32;
};

struct Bench {
  const char* name;
  double bytes_per_parameter;  // that one pass touches
  void (*run)(const Kernels&, Workbench&);
};

constexpr double kPlane = 1.0 / 8;
constexpr double kFloat = sizeof(float);
constexpr double kCounter = kPlane * Workbench::plane_count;

constexpr std::array kBenches = {
    Bench{"pack_bits", kFloat,
          [](const Kernels& use, Workbench& on) {
            use.pack_bits(on.floats.data(), on.d, on.signs.data());
          }},
    Bench{"pack_signs", kFloat,
          [](const Kernels& use, Workbench& on) {
            use.pack_signs(on.floats.data(), on.d, kCoin, on.signs.data());
          }},
    Bench{"signum", 3 * kFloat,
          [](const Kernels& use, Workbench& on) {
            use.signum(on.state.data(), on.floats.data(), on.d, 0.9f, kCoin, on.signs.data());
          }},
    Bench{"pack_threshold", kFloat,
          [](const Kernels& use, Workbench& on) {
            use.pack_threshold(on.floats.data(), on.d, 0.5f, on.signs.data(), on.voted.data());
          }},
    Bench{"pack_stochastic_ternary", kFloat,
          [](const Kernels& use, Workbench& on) {
            use.pack_stochastic_ternary(on.floats.data(), 0, on.d, 1.0f, kCoin, on.signs.data(),
                                        on.voted.data());
          }},
    Bench{"pack_stochastic_sign", kFloat,
          [](const Kernels& use, Workbench& on) {
            use.pack_stochastic_sign(on.floats.data(), 0, on.d, 1.0f, kCoin, on.signs.data());
          }},
    Bench{"gather_signs", 2 * kPlane,
          [](const Kernels& use, Workbench& on) {
            use.gather_signs(on.signs.data(), on.voted.data(), on.words, on.gathered.data());
          }},
    Bench{"scatter_signs", 2 * kPlane,
          [](const Kernels& use, Workbench& on) {
            use.scatter_signs(on.gathered.data(), on.gathered.size(), on.voted.data(), on.words,
                              on.signs.data());
          }},
    Bench{"count_planes", kPlane* kVoters,
          [](const Kernels& use, Workbench& on) {
            std::ranges::fill(on.negative, 0);
            use.count_planes(on.counter(), on.planes.data(), on.planes.size());
          }},
    Bench{"merge_counters", 3 * kCounter,
          [](const Kernels& use, Workbench& on) {
            // Zeros, whose sums never leave the top plane.
            use.merge_counters(on.counter(), on.abstained.data(), Workbench::plane_count);
          }},
    Bench{"decide", kCounter + 2 * kPlane,
          [](const Kernels& use, Workbench& on) {
            use.decide(on.counter(), {nullptr, 0, on.words, on.words}, kVoters, 1, on.signs.data(),
                       on.voted.data());
          }},
    Bench{"net_counts16", kCounter + 2,
          [](const Kernels& use, Workbench& on) {
            use.net_counts16(on.counter(), {nullptr, 0, on.words, on.words}, kVoters, on.d,
                             on.net16.data());
          }},
    Bench{"net_counts32", kCounter + 4,
          [](const Kernels& use, Workbench& on) {
            use.net_counts32(on.counter(), {nullptr, 0, on.words, on.words}, kVoters, on.d,
                             on.net32.data());
          }},
    Bench{"apply", 2 * kFloat,
          [](const Kernels& use, Workbench& on) {
            use.apply(on.state.data(), on.d, on.signs.data(), on.voted.data(), 1e-3f, 0.9999f);
          }},
    Bench{"momentum", 3 * kFloat,
          [](const Kernels& use, Workbench& on) {
            use.momentum(on.state.data(), on.floats.data(), on.d, 0.9f);
          }},
    Bench{"sum_abs", kFloat,
          [](const Kernels& use, Workbench& on) {
            benchmark::DoNotOptimize(use.sum_abs(on.floats.data(), on.d));
          }},
    Bench{"sum_squares", kFloat,
          [](const Kernels& use, Workbench& on) {
            benchmark::DoNotOptimize(use.sum_squares(on.floats.data(), on.d));
          }},
    Bench{"all_finite", kFloat,
          [](const Kernels& use, Workbench& on) {
            benchmark::DoNotOptimize(use.all_finite(on.floats.data(), on.d));
          }},
    Bench{"count_ones", kPlane,
          [](const Kernels& use, Workbench& on) {
            benchmark::DoNotOptimize(use.count_ones(on.voted.data(), on.words));
          }},
    Bench{"normalise", 1 + kFloat,
          [](const Kernels& use, Workbench& on) {
            use.normalise(on.bytes.data(), on.d, 1.0f / 255, -0.5f, on.state.data());
          }},
};

void measure(benchmark::State& state, const Kernels& use, const Bench& bench) {
  Workbench workbench(static_cast<std::size_t>(state.range(0)));
  for (auto turn : state) {
    static_cast<void>(turn);
    bench.run(use, workbench);
    benchmark::ClobberMemory();
  }
  const double bytes = bench.bytes_per_parameter * static_cast<double>(state.range(0));
  state.SetBytesProcessed(
      static_cast<std::int64_t>(bytes * static_cast<double>(state.iterations())));
}

}  // namespace

int run_micro(int argc, char** argv) {
  for (const Kernels* use : kernels::runnable_kernels()) {
    for (const Bench& bench : kBenches) {
      auto* registered = benchmark::RegisterBenchmark(
          fmt::format("{}/{}", bench.name, use->name).c_str(),
          [use, &bench](benchmark::State& state) { measure(state, *use, bench); });
      for (const std::int64_t size : kSizes) registered->Arg(size);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return kBadUsage;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace psephos::bench
