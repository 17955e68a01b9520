// One pass over floats: packs, the SIGNUM step, decisions applied.

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "bench/kernels/random_planes.h"
#include "bench/kernels/table.h"
#include "platforms/kernels/kernels.h"
#include "runtime/replica/replica.h"

namespace psephos::bench {
namespace {

using kernels::CoinAddress;
using kernels::Kernels;

constexpr CoinAddress kCoin{{1, 2}, 3, 4};
constexpr std::uint32_t kZerosInHundred = 6;
constexpr double kFloat = sizeof(float);

// What a loop computes has to be seen by somebody, or the compiler leaves it out.
volatile std::uint32_t seen;

std::vector<std::function<void()>> reads_of(const AlignedVector<float>& v) {
  return fastest_limits([&v](const Limits& limits) {
    seen = limits.read(reinterpret_cast<const std::uint32_t*>(v.data()), v.size());
  });
}

// Figures to reach are for vectors beyond every cache.
std::optional<Target> when_large(std::size_t d, double ratio) {
  if (d < kLarge) return std::nullopt;
  return Target{Target::Of::kRatioAtLeast, ratio};
}

void pack_rows(Table& table, const Kernels& use, std::size_t d) {
  AlignedVector<std::uint32_t> signs(word_count(d));
  const double bytes = kFloat * static_cast<double>(d);
  const auto none_zero = random_floats(d, 1, 0);
  table.time({.kernel = "pack",
              .isa = use.name,
              .parameters = d,
              .bytes = bytes,
              .run = [&] { use.pack_bits(none_zero.data(), d, signs.data()); },
              .limits = reads_of(none_zero),
              .pure_read = true,
              .target = when_large(d, 0.95),
              .beside = "pure read"});
  const auto some_zero = random_floats(d, 2, kZerosInHundred);
  table.time({.kernel = "pack_coin",
              .isa = use.name,
              .parameters = d,
              .bytes = bytes,
              .run = [&] { use.pack_signs(some_zero.data(), d, kCoin, signs.data()); },
              .limits = reads_of(some_zero),
              .pure_read = true,
              .target = when_large(d, 0.90),
              .beside = "pure read; 6 % zeros"});
}

void signum_row(Table& table, const Kernels& use, std::size_t d) {
  AlignedVector<std::uint32_t> signs(word_count(d));
  const auto gradient = random_floats(d, 3, kZerosInHundred);
  AlignedVector<float> momentum(d);
  AlignedVector<float> sum(d);
  table.time(
      {.kernel = "signum",
       .isa = use.name,
       .parameters = d,
       .bytes = 3 * kFloat * static_cast<double>(d),
       .run = [&] { use.signum(momentum.data(), gradient.data(), d, 0.9f, kCoin, signs.data()); },
       .limits = fastest_limits(
           [&](const Limits& limits) { limits.update(sum.data(), gradient.data(), d); }),
       .target = when_large(d, 0.90),
       .beside = "x <- x + y: two read, one written"});
}

void apply_rows(Table& table, const Kernels& use, std::size_t d) {
  constexpr float kStep = 1e-3f;
  constexpr float kKeep = 0.9999f;
  PackedSigns decision{d, random_plane(d, 4), random_plane(d, 5)};
  for (std::size_t w = 0; w < decision.signs.size(); ++w) decision.signs[w] &= decision.voted[w];
  const auto start = random_floats(d, 6, 0);
  Replica x(d);
  std::ranges::copy(start, x.mutable_parameters().begin());
  const auto scales = fastest_limits(
      [&](const Limits& limits) { limits.scale(x.mutable_parameters().data(), d, 1.0f); });
  const double bytes = 2 * kFloat * static_cast<double>(d);
  table.time({.kernel = "apply",
              .isa = use.name,
              .parameters = d,
              .bytes = bytes,
              .run =
                  [&] {
                    use.apply(x.mutable_parameters().data(), d, decision.signs.data(),
                              decision.voted.data(), kStep, kKeep);
                  },
              .limits = scales,
              .target = when_large(d, 0.90),
              .beside = "in-place scale; half voted"});
  table.time({.kernel = "apply_fingerprint",
              .isa = kernels::kernels().name,
              .parameters = d,
              .bytes = bytes,
              .run = [&] { seen = static_cast<std::uint32_t>(x.apply(decision, kStep, kKeep)); },
              .limits = scales,
              .target = when_large(d, 0.75),
              .beside = "in-place scale; half voted"});
}

void stochastic_row(Table& table, const Kernels& use, std::size_t d) {
  AlignedVector<std::uint32_t> signs(word_count(d));
  AlignedVector<std::uint32_t> voted(word_count(d));
  const auto v = random_floats(d, 7, kZerosInHundred);
  std::optional<Target> target;
  if (std::string_view(use.name).starts_with("avx")) {
    target = Target{Target::Of::kNanosecondsAtMost, 0.6};
  }
  table.time({.kernel = "philox_ternary",
              .isa = use.name,
              .parameters = d,
              .bytes = kFloat * static_cast<double>(d),
              .run =
                  [&] {
                    use.pack_stochastic_ternary(v.data(), 0, d, 1.0f, kCoin, signs.data(),
                                                voted.data());
                  },
              .limits = reads_of(v),
              .pure_read = true,
              .target = target,
              .beside = "pure read; ten rounds of Philox are the work"});
}

}  // namespace

void float_rows(Table& table) {
  const Kernels& best = kernels::kernels();
  const auto any = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return table.wants(name); });
  };
  for (const std::size_t d : table.sizes()) {
    if (any({"pack", "pack_coin"})) pack_rows(table, best, d);
    if (any({"signum"})) signum_row(table, best, d);
    if (any({"apply", "apply_fingerprint"})) apply_rows(table, best, d);
    if (any({"philox_ternary"})) {
      // Its figure is of one instruction set, which need not be the machine's best.
      for (const Kernels* use : kernels::runnable_kernels()) {
        if (use != &kernels::portable_kernels()) stochastic_row(table, *use, d);
      }
      if (kernels::runnable_kernels().size() == 1) stochastic_row(table, best, d);
    }
  }
}

}  // namespace psephos::bench
