#pragma once
// A copy of the parameters, kept exact by applying decisions: x_k -> x_{k+1}. Every replica of a
// run holds the same bits after the same decisions; the fingerprint says so.

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

// How far a decision moves parameters: those below `end`, from the range before on.
struct StepRange {
  std::size_t end = 0;
  float step = 0;  // finite, >= 0
};

// The ranges of a decision's steps: `delta` for all d parameters where `steps` is empty, else one
// for each tensor.
std::vector<StepRange> step_ranges(std::size_t parameters, float delta,
                                   std::span<const float> steps, const TensorTable& tensors);

class Replica {
 public:
  Replica() = default;
  explicit Replica(std::size_t parameters) : x_(parameters) {}

  std::span<const float> parameters() const { return x_; }
  std::span<float> mutable_parameters() { return x_; }
  std::size_t size() const { return x_.size(); }

  // x <- x*keep - s*delta with s the decision's signs (two roundings; see kernels.h, apply).
  // `decision` must be of this size; delta > 0 and 0 < keep <= 1, both finite. Returns the
  // fingerprint of what x has become, taken block by block while the block is in the cache. Large
  // replicas are moved on up to `threads` threads, to the same bits.
  std::uint64_t apply(const PackedSigns& decision, float delta, float keep, unsigned threads = 1);

  // The same with a step for each range: x <- x*keep, rounded, then x - s*step, rounded. `ranges`
  // ascend and end at d.
  std::uint64_t apply(const PackedSigns& decision, std::span<const StepRange> ranges, float keep,
                      unsigned threads = 1);

  std::uint64_t fingerprint() const;

 private:
  AlignedVector<float> x_;
};

}  // namespace psephos
