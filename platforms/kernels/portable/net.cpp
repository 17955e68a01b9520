#include <algorithm>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

// Adds `weight` times every count of a row to `net`: bit `row` of each lane's word.
void add_row(const CounterPlanes& counter, std::size_t first_word, std::size_t row,
             std::size_t width, std::int32_t weight, std::int32_t* __restrict net) {
  for (std::size_t p = 0; p < counter.plane_count; ++p) {
    const std::uint32_t* words = counter.plane(p) + first_word;
    for (std::size_t l = 0; l < width; ++l) {
      net[l] += static_cast<std::int32_t>(((words[l] >> row) & 1) << p) * weight;
    }
  }
}

template <class Number>
void net_counts(const CounterPlanes& negative, const CounterPlanes& voted, std::uint32_t all_voters,
                std::size_t d, Number* net) {
  std::int32_t row_net[kLanes];
  for (std::size_t start = 0; start < d; start += kBlock) {
    const std::size_t count = std::min(kBlock, d - start);
    const std::size_t lanes = lanes_of(count);
    const std::size_t word = start / kRows;
    for (std::size_t j = 0; j * lanes < count; ++j) {
      const std::size_t width = std::min(lanes, count - j * lanes);
      std::fill_n(row_net, width, static_cast<std::int32_t>(all_voters));
      add_row(voted, word, j, width, 1, row_net);
      add_row(negative, word, j, width, -2, row_net);
      for (std::size_t l = 0; l < width; ++l) {
        net[start + j * lanes + l] = static_cast<Number>(row_net[l]);
      }
    }
  }
}

}  // namespace

void net_counts16(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
                  std::size_t d, std::int16_t* net) {
  net_counts(negative, voted, all_voters, d, net);
}

void net_counts32(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
                  std::size_t d, std::int32_t* net) {
  net_counts(negative, voted, all_voters, d, net);
}

}  // namespace psephos::kernels::portable
