#include <algorithm>
#include <array>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

// Words worked on at a time: eight ballots, a counter of twenty planes and the carries, 1 KiB each,
// stay in a level-one cache of 32 KiB.
inline constexpr std::size_t kWords = 256;

using Group = std::array<const std::uint32_t*, 8>;

// Carry-save adder: sum <- the low bit of sum + a + b; returns the carry.
inline std::uint32_t add(std::uint32_t& sum, std::uint32_t a, std::uint32_t b) {
  const std::uint32_t half = sum ^ a;
  const std::uint32_t carry = (sum & a) | (half & b);
  sum = half ^ b;
  return carry;
}

// add_N: N ballots of `words` words into the lowest planes of a counter. What overflows these
// planes goes to `carry`, which weighs N (for one and two: 2).
void add_one(const Group& in, std::size_t words, std::uint32_t* __restrict ones,
             std::uint32_t* __restrict carry) {
  for (std::size_t w = 0; w < words; ++w) {
    const std::uint32_t a = in[0][w];
    carry[w] = ones[w] & a;
    ones[w] ^= a;
  }
}

void add_two(const Group& in, std::size_t words, std::uint32_t* __restrict ones,
             std::uint32_t* __restrict carry) {
  for (std::size_t w = 0; w < words; ++w) {
    std::uint32_t one = ones[w];
    carry[w] = add(one, in[0][w], in[1][w]);
    ones[w] = one;
  }
}

void add_four(const Group& in, std::size_t words, std::uint32_t* __restrict ones,
              std::uint32_t* __restrict twos, std::uint32_t* __restrict carry) {
  for (std::size_t w = 0; w < words; ++w) {
    std::uint32_t one = ones[w];
    std::uint32_t two = twos[w];
    const std::uint32_t two_a = add(one, in[0][w], in[1][w]);
    const std::uint32_t two_b = add(one, in[2][w], in[3][w]);
    carry[w] = add(two, two_a, two_b);
    ones[w] = one;
    twos[w] = two;
  }
}

void add_eight(const Group& in, std::size_t words, std::uint32_t* __restrict ones,
               std::uint32_t* __restrict twos, std::uint32_t* __restrict fours,
               std::uint32_t* __restrict carry) {
  for (std::size_t w = 0; w < words; ++w) {
    std::uint32_t one = ones[w];
    std::uint32_t two = twos[w];
    std::uint32_t four = fours[w];
    const std::uint32_t two_a = add(one, in[0][w], in[1][w]);
    const std::uint32_t two_b = add(one, in[2][w], in[3][w]);
    const std::uint32_t four_a = add(two, two_a, two_b);
    const std::uint32_t two_c = add(one, in[4][w], in[5][w]);
    const std::uint32_t two_d = add(one, in[6][w], in[7][w]);
    const std::uint32_t four_b = add(two, two_c, two_d);
    carry[w] = add(four, four_a, four_b);
    ones[w] = one;
    twos[w] = two;
    fours[w] = four;
  }
}

// Adds a carry to one plane and leaves the next carry in its place; false when none is left.
bool add_carry(std::size_t words, std::uint32_t* __restrict plane,
               std::uint32_t* __restrict carry) {
  std::uint32_t any = 0;
  for (std::size_t w = 0; w < words; ++w) {
    const std::uint32_t sum = plane[w] ^ carry[w];
    carry[w] &= plane[w];
    plane[w] = sum;
    any |= carry[w];
  }
  return any != 0;
}

// All ballots into words [start, start + words) of the counter. A group is taken only when the
// counter has the planes that its adder writes, so a narrow counter is right as long as it is wide
// enough.
void count_block(const CounterPlanes& counter, const std::uint32_t* const* planes,
                 std::size_t count, std::size_t start, std::size_t words) {
  std::uint32_t carry[kWords];
  const auto plane = [&](std::size_t p) { return counter.plane(p) + start; };
  std::size_t next = 0;
  while (next < count) {
    const std::size_t left = count - next;
    Group in{};
    std::size_t p = 1;  // the plane that the carry belongs to
    const auto take = [&](std::size_t n) {
      for (std::size_t k = 0; k < n; ++k) in[k] = planes[next + k] + start;
      next += n;
    };
    if (left >= 8 && counter.plane_count >= 3) {
      take(8);
      add_eight(in, words, plane(0), plane(1), plane(2), carry);
      p = 3;
    } else if (left >= 4 && counter.plane_count >= 2) {
      take(4);
      add_four(in, words, plane(0), plane(1), carry);
      p = 2;
    } else if (left >= 2) {
      take(2);
      add_two(in, words, plane(0), carry);
    } else {
      take(1);
      add_one(in, words, plane(0), carry);
    }
    while (p < counter.plane_count && add_carry(words, plane(p), carry)) ++p;
  }
}

// plane <- the low bit of plane + from + carry; the carry is left for the plane above.
void add_plane(std::size_t words, const std::uint32_t* from, std::uint32_t* __restrict plane,
               std::uint32_t* __restrict carry) {
  for (std::size_t w = 0; w < words; ++w) {
    std::uint32_t sum = plane[w];
    carry[w] = add(sum, from[w], carry[w]);
    plane[w] = sum;
  }
}

}  // namespace

void count_words(const CounterPlanes& counter, const std::uint32_t* const* planes,
                 std::size_t count, std::size_t first, std::size_t end) {
  for (std::size_t start = first; start < end; start += kWords) {
    count_block(counter, planes, count, start, std::min(kWords, end - start));
  }
}

void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count) {
  count_words(counter, planes, count, 0, counter.words);
}

void merge_words(const CounterPlanes& into, const std::uint32_t* from, std::size_t from_plane_count,
                 std::size_t first) {
  std::uint32_t carry[kWords];
  for (std::size_t start = first; start < into.words; start += kWords) {
    const std::size_t words = std::min(kWords, into.words - start);
    std::fill_n(carry, words, 0);
    std::size_t p = 0;
    for (; p < from_plane_count; ++p) {
      add_plane(words, from + p * into.words + start, into.plane(p) + start, carry);
    }
    while (p < into.plane_count && add_carry(words, into.plane(p) + start, carry)) {
      ++p;
    }
  }
}

void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count) {
  merge_words(into, from, from_plane_count, 0);
}

}  // namespace psephos::kernels::portable
