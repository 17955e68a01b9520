#pragma once
// How far a ballot agreed with the decision: the free fault signal (ICLR 2019, section 4). A
// counted ballot is gone, so a sample of it is kept: four blocks of 1024 parameters drawn per
// round, at most 512 bytes a plane.

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/base/philox.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

inline constexpr std::size_t kAgreementBlocks = 4;

class AgreementSample {
 public:
  // Copies the sampled blocks out of `ballot`. Which blocks: run_key and round (repeats allowed;
  // the same for every ballot of the round).
  AgreementSample(const SignsView& ballot, PhiloxKey run_key, std::uint32_t round);

  // Share of sampled parameters on which both voted and the signs are equal, of those on which both
  // voted; 0.5 (no information) when there are none. `decision` must be of the same d.
  double with(const PackedSigns& decision) const;

 private:
  std::size_t parameters_;
  std::array<std::size_t, kAgreementBlocks> first_word_{};
  std::array<std::size_t, kAgreementBlocks> word_count_{};
  std::array<std::uint32_t, kAgreementBlocks * kBlockWords> signs_{};
  std::array<std::uint32_t, kAgreementBlocks * kBlockWords> voted_{};
};

}  // namespace psephos
