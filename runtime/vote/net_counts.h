#pragma once
// A round's net counts by themselves: what a decision rule with a state needs to decide the round
// again. A ledger keeps them until a checkpoint holds the state.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/vote/vote_counts.h"

namespace psephos {

class NetCounts : public VoteCounts {
 public:
  // Copies what `counts` says.
  explicit NetCounts(const VoteCounts& counts);

  std::size_t parameters() const override { return net_.size(); }
  std::uint32_t voters() const override { return voters_; }
  PackedSigns decide(std::uint32_t margin) const override;
  void net(std::size_t first, std::span<std::int32_t> into) const override;

  // Bit-sliced: V (4 bytes), the number of magnitude planes P (4), a plane of signs (1 where net <
  // 0), then P planes, plane p with bit p of abs(net). Planes have W words in the packed-sign
  // layout (WIRE.md); bits past d are 0. P is the least that holds every count.
  Bytes serialise() const;
  // Refuses what serialise() does not write: another size, a count above V, a negative zero, bits
  // past d.
  static Result<NetCounts> parse(std::span<const std::uint8_t> bytes, std::size_t parameters);

  // The largest serialise() of so many parameters and voters.
  static std::size_t max_bytes(std::size_t parameters, std::uint32_t voters);

  bool operator==(const NetCounts& other) const {
    return voters_ == other.voters_ && net_ == other.net_;
  }

 private:
  NetCounts(std::size_t parameters, std::uint32_t voters) : voters_(voters), net_(parameters) {}

  std::uint32_t voters_;
  AlignedVector<std::int32_t> net_;
};

}  // namespace psephos
