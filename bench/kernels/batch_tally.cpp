#include "bench/kernels/batch_tally.h"

#include <algorithm>
#include <bit>

#include "runtime/signs/layout.h"

namespace psephos::bench {

BatchTally::BatchTally(const kernels::Kernels& use, std::size_t parameters, std::size_t voters)
    : use_(use),
      words_(word_count(parameters)),
      negative_(words_ * static_cast<std::size_t>(std::bit_width(voters))),
      voted_(negative_.size()),
      sign_(words_),
      decided_(words_) {}

kernels::CounterPlanes BatchTally::count(AlignedVector<std::uint32_t>& counter,
                                         std::span<const std::uint32_t* const> planes) {
  const auto plane_count = static_cast<std::size_t>(std::bit_width(planes.size()));
  const kernels::CounterPlanes used{counter.data(), plane_count, words_, words_};
  std::fill_n(used.planes, plane_count * words_, 0);
  if (!planes.empty()) use_.count_planes(used, planes.data(), planes.size());
  return used;
}

void BatchTally::decide(std::span<const std::uint32_t* const> signs,
                        std::span<const std::uint32_t* const> voted) {
  const auto all_voters = static_cast<std::uint32_t>(voted.empty() ? signs.size() : 0);
  use_.decide(count(negative_, signs), count(voted_, voted), all_voters, 1, sign_.data(),
              decided_.data());
}

}  // namespace psephos::bench
