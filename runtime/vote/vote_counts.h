#pragma once
// What a decision rule looks at: the votes of one round, summed.

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/signs/packed_signs.h"

namespace psephos {

class VoteCounts {
 public:
  virtual ~VoteCounts() = default;

  virtual std::size_t parameters() const = 0;
  // V: ballots counted, each of weight one.
  virtual std::uint32_t voters() const = 0;

  // The sign of net = (votes +) - (votes -) where abs(net) >= margin, else 0. margin >= 1.
  // Canonical.
  virtual PackedSigns decide(std::uint32_t margin) const = 0;

  // net of the parameters first, first + 1, ...; `first` is a multiple of kBlockParameters. Safe to
  // call from several threads once net() or decide() was called from one.
  virtual void net(std::size_t first, std::span<std::int32_t> into) const = 0;
};

}  // namespace psephos
