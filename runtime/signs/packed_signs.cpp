#include "runtime/signs/packed_signs.h"

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos {

std::uint64_t PackedSigns::voted_count() const {
  if (all_voted()) return parameters;
  return kernels::kernels().count_ones(voted.data(), voted.size());
}

int PackedSigns::at(std::size_t i) const {
  PSEPHOS_CHECK(i < parameters, "at() past the last parameter");
  const BitPosition position = bit_position(i, parameters);
  const auto bit = [&](std::uint32_t word) { return ((word >> position.bit) & 1) != 0; };
  if (!all_voted() && !bit(voted[position.word])) return 0;
  return bit(signs[position.word]) ? -1 : 1;
}

void make_canonical(PackedSigns& signs) {
  if (!signs.all_voted() && signs.voted_count() == signs.parameters) signs.voted.clear();
}

}  // namespace psephos
