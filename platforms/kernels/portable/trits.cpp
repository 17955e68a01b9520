#include <array>
#include <cstring>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

constexpr std::size_t kGroup = 5;  // words whose bits j share byte j: 3^5 values
constexpr std::uint32_t kValues = 243;

constexpr std::uint64_t kEveryByte = 0x0101010101010101;

// Bit i of `byte` as the value of byte i.
std::uint64_t spread(std::uint32_t byte) {
  const std::uint64_t apart = (byte & 0xFF) * kEveryByte & 0x8040201008040201;
  return ((apart + 0x7F * kEveryByte) >> 7) & kEveryByte;
}

// The lowest bit of byte i as bit i: the inverse of spread.
std::uint32_t gather(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(((bytes & kEveryByte) * 0x0102040810204080) >> 56);
}

// The five trits of a byte, as five bits of each plane.
struct Trits {
  std::uint8_t signs = 0;
  std::uint8_t voted = 0;
};

constexpr std::array<Trits, kValues> kTrits = [] {
  std::array<Trits, kValues> table{};
  for (std::uint32_t value = 0; value < kValues; ++value) {
    std::uint32_t rest = value;
    for (unsigned i = 0; i < kGroup; ++i, rest /= 3) {
      table[value].signs |= static_cast<std::uint8_t>(unsigned{rest % 3 == 2} << i);
      table[value].voted |= static_cast<std::uint8_t>(unsigned{rest % 3 != 0} << i);
    }
  }
  return table;
}();

std::size_t group_size(std::size_t words) { return words < kGroup ? words : kGroup; }

}  // namespace

void pack_trits(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                std::uint8_t* out) {
  for (std::size_t first = 0; first < words; first += kGroup, out += 32) {
    const std::size_t group = group_size(words - first);
    for (unsigned bit = 0; bit < 32; bit += 8) {
      std::uint64_t eight = 0;  // bytes, none of which can overflow
      for (std::size_t i = group; i-- > 0;) {
        eight = 3 * eight + spread(voted[first + i] >> bit) + spread(signs[first + i] >> bit);
      }
      std::memcpy(out + bit, &eight, sizeof eight);
    }
  }
}

bool unpack_trits(const std::uint8_t* in, std::size_t words, std::uint32_t* signs,
                  std::uint32_t* voted) {
  for (std::size_t first = 0; first < words; first += kGroup, in += 32) {
    std::uint32_t sign[kGroup] = {};
    std::uint32_t vote[kGroup] = {};
    for (unsigned bit = 0; bit < 32; bit += 8) {
      std::uint64_t eight_signs = 0;  // a byte for each of eight bytes of trits
      std::uint64_t eight_voted = 0;
      for (unsigned i = 0; i < 8; ++i) {
        if (in[bit + i] >= kValues) return false;
        const Trits trits = kTrits[in[bit + i]];
        eight_signs |= std::uint64_t{trits.signs} << (8 * i);
        eight_voted |= std::uint64_t{trits.voted} << (8 * i);
      }
      for (unsigned i = 0; i < kGroup; ++i) {
        sign[i] |= gather(eight_signs >> i) << bit;
        vote[i] |= gather(eight_voted >> i) << bit;
      }
    }
    const std::size_t group = group_size(words - first);
    for (std::size_t i = 0; i < kGroup; ++i) {
      if (i < group) {
        signs[first + i] = sign[i];
        voted[first + i] = vote[i];
      } else if (vote[i] != 0) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace psephos::kernels::portable
