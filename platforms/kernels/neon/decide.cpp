#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include <algorithm>
#include <bit>

#include "platforms/kernels/neon/words.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

// The bit-sliced arithmetic of the portable twin (portable/decide.cpp), with the carries of a few
// words in registers instead of those of many in memory.

namespace psephos::kernels::neon {
namespace {

// voted + all_voters - 2 * negative takes one bit more than its widest term, and a sign.
constexpr std::size_t kMaxPlanes = 32;
constexpr std::size_t kMaxBits = kMaxPlanes + 1 + 2;

constexpr std::uint32_t spread(std::uint32_t number, std::size_t bit) {
  return bit < 32 && ((number >> bit) & 1) != 0 ? ~std::uint32_t{0} : 0;
}

// Plane p at word w, or zeros where the counter has no such plane.
template <class Lane>
typename Lane::Word plane_at(const CounterPlanes& counter, std::size_t p, std::size_t w) {
  return p < counter.plane_count ? Lane::load(counter.plane(p) + w) : Lane::all(0);
}

template <class Lane>
void decide_words(const CounterPlanes& negative, const CounterPlanes& voted,
                  std::uint32_t all_voters, std::uint32_t margin, std::size_t bits, std::size_t w,
                  std::uint32_t* signs, std::uint32_t* decided) {
  using Word = typename Lane::Word;

  // net, in two's complement: voted + ~(2 * negative) + 1 with one carry, all_voters added with
  // another.
  Word net[kMaxBits];
  Word difference_carry = Lane::all(~std::uint32_t{0});
  Word sum_carry = Lane::all(0);
  Word twice = Lane::all(0);
  for (std::size_t s = 0; s < bits; ++s) {
    const Word constant = Lane::all(spread(all_voters, s));
    const Word a = plane_at<Lane>(voted, s, w);
    const Word half = a ^ ~twice;
    const Word difference = half ^ difference_carry;
    difference_carry = Lane::select(half, difference_carry, a);
    const Word sum = difference ^ constant;
    net[s] = sum ^ sum_carry;
    sum_carry = Lane::select(sum, sum_carry, constant);
    twice = plane_at<Lane>(negative, s, w);
  }

  // abs(net) = (net ^ sign) + (sign & 1), and the borrow of abs(net) - margin.
  const Word sign = net[bits - 1];
  Word carry = sign;
  Word borrow = Lane::all(0);
  for (std::size_t s = 0; s < bits; ++s) {
    const Word limit = Lane::all(spread(margin, s));
    const Word flipped = net[s] ^ sign;
    const Word magnitude = flipped ^ carry;
    carry = carry & flipped;
    borrow = Lane::select(magnitude ^ limit, limit, borrow);
  }
  Lane::store(decided + w, ~borrow);
  Lane::store(signs + w, sign & ~borrow);
}

}  // namespace

void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided) {
  const auto width = [](std::uint32_t n) { return static_cast<std::size_t>(std::bit_width(n)); };
  const std::size_t bits =
      2 + std::max({negative.plane_count + 1, voted.plane_count, width(all_voters), width(margin)});
  for_words(negative.words, [&](auto lane, std::size_t w) {
    decide_words<decltype(lane)>(negative, voted, all_voters, margin, bits, w, signs, decided);
  });
}

}  // namespace psephos::kernels::neon

#endif
