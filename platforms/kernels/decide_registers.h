#pragma once
// Deciding with wide registers, as tally_tree.h counts: R as there, and
//
//   R::zero(), R::ones()
//   R::any(a, b), R::flipped(a)   a | b, ~a
//
// Private to the kernels.

#include <cstddef>
#include <cstdint>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels {

template <class R>
class Decider {
 public:
  // decide of kernels.h.
  static void decide(const CounterPlanes& negative, const CounterPlanes& voted,
                     std::uint32_t all_voters, std::uint32_t margin, std::uint32_t* signs,
                     std::uint32_t* decided) {
    const std::size_t whole = negative.words - negative.words % R::kWords;
    if (voted.plane_count == 0) {
      decide_all_voted(negative, all_voters, margin, whole, signs, decided);
    } else {
      const std::size_t bits = portable::net_bits(negative, voted, all_voters, margin);
      for (std::size_t w = 0; w < whole; w += R::kWords) {
        decide_mixed(negative, voted, all_voters, margin, bits, w, signs, decided);
      }
    }
    portable::decide_words(negative, voted, all_voters, margin, whole, signs, decided);
  }

 private:
  static R plane_of(const CounterPlanes& counter, std::size_t p, std::size_t w) {
    return p < counter.plane_count ? R::load(counter.plane(p) + w) : R::zero();
  }
  static R spread(std::uint32_t number, std::size_t bit) {
    return bit < 32 && ((number >> bit) & 1) != 0 ? R::ones() : R::zero();
  }

  // Where count >= least, of one register of coordinates. From the lowest plane up: a plane that
  // differs from least's bit overrules those below.
  static R at_least(const CounterPlanes& count, std::uint64_t least, std::size_t w) {
    if ((least >> count.plane_count) != 0) return R::zero();
    R result = R::ones();
    for (std::size_t p = 0; p < count.plane_count; ++p) {
      const R plane = plane_of(count, p, w);
      result = ((least >> p) & 1) != 0 ? R::both(plane, result) : R::any(plane, result);
    }
    return result;
  }

  // Everybody voted everywhere: net is a matter of the negative votes alone.
  static void decide_all_voted(const CounterPlanes& negative, std::uint32_t all_voters,
                               std::uint32_t margin, std::size_t whole, std::uint32_t* signs,
                               std::uint32_t* decided) {
    // net <= -margin; net >= margin fails.
    const std::uint64_t least_minus = (std::uint64_t{all_voters} + margin + 1) / 2;
    const std::uint64_t least_not_plus = margin > all_voters ? 0 : (all_voters - margin) / 2 + 1;
    for (std::size_t w = 0; w < whole; w += R::kWords) {
      const R minus = at_least(negative, least_minus, w);
      const R not_plus = at_least(negative, least_not_plus, w);
      R::store(signs + w, minus);
      R::store(decided + w, R::any(minus, R::flipped(not_plus)));
    }
  }

  // The arithmetic of portable/decide.cpp, a register at a time.
  static void decide_mixed(const CounterPlanes& negative, const CounterPlanes& voted,
                           std::uint32_t all_voters, std::uint32_t margin, std::size_t bits,
                           std::size_t w, std::uint32_t* signs, std::uint32_t* decided) {
    R net[portable::kMaxNetBits];
    R difference_carry = R::ones();
    R sum_carry = R::zero();
    for (std::size_t s = 0; s < bits; ++s) {
      R difference = plane_of(voted, s, w);
      const R twice = s == 0 ? R::zero() : plane_of(negative, s - 1, w);
      difference_carry = R::add(difference, R::flipped(twice), difference_carry);
      sum_carry = R::add(difference, spread(all_voters, s), sum_carry);
      net[s] = difference;
    }
    const R sign = net[bits - 1];
    R carry = sign;
    R borrow = R::zero();
    for (std::size_t s = 0; s < bits; ++s) {
      const R flipped = R::either(net[s], sign);
      const R magnitude = R::either(flipped, carry);
      carry = R::both(carry, flipped);
      // Of magnitude - margin, the borrow alone.
      const bool subtracted = s < 32 && ((margin >> s) & 1) != 0;
      const R missing = R::flipped(magnitude);
      borrow = subtracted ? R::any(missing, borrow) : R::both(missing, borrow);
    }
    R::store(decided + w, R::flipped(borrow));
    R::store(signs + w, R::both(sign, R::flipped(borrow)));
  }
};

}  // namespace psephos::kernels
