#include "runtime/base/philox.h"

#include "platforms/kernels/philox.h"

namespace psephos {

std::array<std::uint32_t, 4> philox(PhiloxKey key, std::uint32_t round, Purpose purpose,
                                    std::uint64_t index) {
  return kernels::philox4x32(
      {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), round,
       static_cast<std::uint32_t>(purpose)},
      {key.seed, key.stream});
}

std::uint32_t philox_word(PhiloxKey key, std::uint32_t round, Purpose purpose,
                          std::uint64_t index) {
  return philox(key, round, purpose, index / 4)[index % 4];
}

}  // namespace psephos
