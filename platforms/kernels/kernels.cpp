#include "platforms/kernels/kernels.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "platforms/kernels/avx2/avx2.h"
#include "platforms/kernels/avx512/avx512.h"
#include "platforms/kernels/neon/neon.h"
#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels {
namespace {

constexpr int kBadUsage = 2;

constinit std::atomic<const Kernels*> in_use{nullptr};

const Kernels* find(std::string_view name) {
  const auto tables = runnable_kernels();
  const auto found =
      std::ranges::find_if(tables, [name](const Kernels* table) { return table->name == name; });
  return found == tables.end() ? nullptr : *found;
}

const Kernels& default_kernels() {
  const char* const name = std::getenv(kKernelsVariable);
  if (name == nullptr || *name == '\0') return *runnable_kernels().back();
  if (const Kernels* table = find(name)) return *table;
  std::fprintf(stderr, "%s=%s: this processor cannot run kernels of that name; unset it\n",
               kKernelsVariable, name);
  std::_Exit(kBadUsage);
}

}  // namespace

const Kernels& portable_kernels() {
  static constexpr Kernels kTable = {
      .name = "portable",
      .pack_bits = portable::pack_bits,
      .pack_signs = portable::pack_signs,
      .signum = portable::signum,
      .pack_threshold = portable::pack_threshold,
      .pack_stochastic_ternary = portable::pack_stochastic_ternary,
      .pack_stochastic_sign = portable::pack_stochastic_sign,
      .gather_signs = portable::gather_signs,
      .scatter_signs = portable::scatter_signs,
      .rice_encode = portable::rice_encode,
      .rice_decode = portable::rice_decode,
      .pack_trits = portable::pack_trits,
      .unpack_trits = portable::unpack_trits,
      .count_planes = portable::count_planes,
      .merge_counters = portable::merge_counters,
      .decide = portable::decide,
      .net_counts16 = portable::net_counts16,
      .net_counts32 = portable::net_counts32,
      .apply = portable::apply,
      .momentum = portable::momentum,
      .sum_abs = portable::sum_abs,
      .sum_squares = portable::sum_squares,
      .all_finite = portable::all_finite,
      .count_ones = portable::count_ones,
      .normalise = portable::normalise,
  };
  return kTable;
}

std::span<const Kernels* const> runnable_kernels() {
  static const std::vector<const Kernels*> tables = [] {
    std::vector<const Kernels*> runnable{&portable_kernels()};
#if defined(__x86_64__)
    if (avx2::runnable()) runnable.push_back(&avx2::table());
    if (avx512::runnable()) runnable.push_back(&avx512::table());
#elif defined(PSEPHOS_NEON)
    if (neon::runnable()) runnable.push_back(&neon::table());
#endif
    return runnable;
  }();
  return tables;
}

const Kernels& kernels() {
  const Kernels* table = in_use.load(std::memory_order_acquire);
  if (table != nullptr) return *table;
  const Kernels* const chosen = &default_kernels();
  return in_use.compare_exchange_strong(table, chosen, std::memory_order_acq_rel) ? *chosen
                                                                                  : *table;
}

bool use_kernels(std::string_view name) {
  const Kernels* table = find(name);
  if (table != nullptr) in_use.store(table, std::memory_order_release);
  return table != nullptr;
}

}  // namespace psephos::kernels
