#include <algorithm>

#include "platforms/kernels/portable/portable.h"

// Arithmetic on bit-sliced numbers: bit p of every coordinate's number is one word of plane p, so a
// ripple-carry adder over planes works on 32 coordinates per word and as many words as a vector
// has.

namespace psephos::kernels::portable {
namespace {

inline constexpr std::size_t kWords = 64;

constexpr std::uint32_t spread(std::uint32_t number, std::size_t bit) {
  return bit < 32 && ((number >> bit) & 1) != 0 ? ~std::uint32_t{0} : 0;
}

struct Net {
  std::uint32_t bits[kMaxNetBits][kWords];  // two's complement, least significant plane first
};

// net plane = voted - 2 * negative + all_voters, two ripple carries side by side: the first holds
// voted + ~(2 * negative) + 1, the second adds the constant.
struct Carries {
  std::uint32_t difference[kWords];
  std::uint32_t sum[kWords];
};

void subtract_and_add(std::size_t words, const std::uint32_t* voted, const std::uint32_t* twice,
                      std::uint32_t constant, Carries& carries, std::uint32_t* __restrict net) {
  for (std::size_t w = 0; w < words; ++w) {
    const std::uint32_t a = voted[w];
    const std::uint32_t b = ~twice[w];
    const std::uint32_t half = a ^ b;
    const std::uint32_t carry = carries.difference[w];
    const std::uint32_t difference = half ^ carry;
    carries.difference[w] = (a & b) | (half & carry);
    net[w] = difference ^ constant ^ carries.sum[w];
    carries.sum[w] = (difference & constant) | ((difference ^ constant) & carries.sum[w]);
  }
}

// One plane of abs(net) = (net ^ sign) + (sign & 1), and the borrow of abs(net) - margin.
void compare(std::size_t words, const std::uint32_t* net, const std::uint32_t* sign,
             std::uint32_t margin, std::uint32_t* __restrict carry,
             std::uint32_t* __restrict borrow) {
  for (std::size_t w = 0; w < words; ++w) {
    const std::uint32_t flipped = net[w] ^ sign[w];
    const std::uint32_t magnitude = flipped ^ carry[w];
    carry[w] &= flipped;
    borrow[w] = (~magnitude & margin) | (~(magnitude ^ margin) & borrow[w]);
  }
}

void decide_block(const CounterPlanes& negative, const CounterPlanes& voted,
                  std::uint32_t all_voters, std::uint32_t margin, std::size_t bits,
                  std::size_t start, std::size_t words, std::uint32_t* signs,
                  std::uint32_t* decided) {
  static constexpr std::uint32_t kZeros[kWords] = {};
  const auto plane = [&](const CounterPlanes& counter, std::size_t p) -> const std::uint32_t* {
    return p < counter.plane_count ? counter.plane(p) + start : kZeros;
  };

  Net net;
  Carries carries;
  std::fill_n(carries.difference, words, ~std::uint32_t{0});
  std::fill_n(carries.sum, words, 0);
  for (std::size_t s = 0; s < bits; ++s) {
    const std::uint32_t* twice = s == 0 ? kZeros : plane(negative, s - 1);
    subtract_and_add(words, plane(voted, s), twice, spread(all_voters, s), carries, net.bits[s]);
  }

  const std::uint32_t* sign = net.bits[bits - 1];
  std::uint32_t carry[kWords];
  std::uint32_t borrow[kWords] = {};
  std::copy_n(sign, words, carry);
  for (std::size_t s = 0; s < bits; ++s) {
    compare(words, net.bits[s], sign, spread(margin, s), carry, borrow);
  }
  for (std::size_t w = 0; w < words; ++w) {
    decided[start + w] = ~borrow[w];
    signs[start + w] = sign[w] & ~borrow[w];
  }
}

}  // namespace

void decide_words(const CounterPlanes& negative, const CounterPlanes& voted,
                  std::uint32_t all_voters, std::uint32_t margin, std::size_t first,
                  std::uint32_t* signs, std::uint32_t* decided) {
  const std::size_t bits = net_bits(negative, voted, all_voters, margin);
  for (std::size_t start = first; start < negative.words; start += kWords) {
    decide_block(negative, voted, all_voters, margin, bits, start,
                 std::min(kWords, negative.words - start), signs, decided);
  }
}

void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided) {
  decide_words(negative, voted, all_voters, margin, 0, signs, decided);
}

}  // namespace psephos::kernels::portable
