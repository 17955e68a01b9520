#include "client/gradient/batch.h"

#include <numeric>
#include <utility>

namespace psephos::client {

void draw_batch(PhiloxKey key, std::uint32_t round, std::uint32_t step, std::uint32_t size,
                std::uint32_t samples, std::vector<std::uint32_t>& batch) {
  batch.resize(size);
  const std::uint64_t first = std::uint64_t{step} * size;
  for (std::uint32_t i = 0; i < size; ++i) {
    batch[i] = below(philox_word(key, round, Purpose::kBatch, first + i), samples);
  }
}

std::vector<std::uint32_t> epoch_order(PhiloxKey key, std::uint32_t round, std::uint32_t samples) {
  std::vector<std::uint32_t> order(samples);
  std::iota(order.begin(), order.end(), 0u);
  for (std::uint32_t left = samples; left > 1; --left) {
    const std::uint32_t j = below(philox_word(key, round, Purpose::kEpochOrder, left), left);
    std::swap(order[left - 1], order[j]);
  }
  return order;
}

}  // namespace psephos::client
