#pragma once
// A copy of the parameters, kept exact by applying decisions: x_k -> x_{k+1}. Every replica of a
// run holds the same bits after the same decisions; the fingerprint says so.

#include <cstdint>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

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

  std::uint64_t fingerprint() const;

 private:
  AlignedVector<float> x_;
};

}  // namespace psephos
