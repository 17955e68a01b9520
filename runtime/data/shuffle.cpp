#include "runtime/data/shuffle.h"

#include <numeric>
#include <utility>

namespace psephos {

std::vector<std::uint32_t> shuffled(std::size_t count, PhiloxKey key, std::uint32_t round,
                                    Purpose purpose) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t i = count; i-- > 1;) {
    const std::uint32_t word = philox_word(key, round, purpose, i);
    std::swap(order[i], order[below(word, static_cast<std::uint32_t>(i + 1))]);
  }
  return order;
}

}  // namespace psephos
