#pragma once
// All ballots at once, from planes to the majority's decision.

#include <cstddef>
#include <cstdint>
#include <span>

#include "platforms/kernels/kernels.h"
#include "runtime/base/bytes.h"

namespace psephos::bench {

class BatchTally {
 public:
  // For at most `voters` ballots of d parameters.
  BatchTally(const kernels::Kernels& use, std::size_t parameters, std::size_t voters);

  // `voted` is empty, or has one plane for each of `signs`.
  void decide(std::span<const std::uint32_t* const> signs,
              std::span<const std::uint32_t* const> voted);

  // The last decision, bits past d aside.
  std::span<const std::uint32_t> signs() const { return sign_; }
  std::span<const std::uint32_t> decided() const { return decided_; }

 private:
  kernels::CounterPlanes count(AlignedVector<std::uint32_t>& counter,
                               std::span<const std::uint32_t* const> planes);

  const kernels::Kernels& use_;
  std::size_t words_;
  AlignedVector<std::uint32_t> negative_;
  AlignedVector<std::uint32_t> voted_;
  AlignedVector<std::uint32_t> sign_;
  AlignedVector<std::uint32_t> decided_;
};

}  // namespace psephos::bench
