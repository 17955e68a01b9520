#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include <algorithm>
#include <bit>
#include <type_traits>

#include "platforms/kernels/neon/words.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

namespace psephos::kernels::neon {
namespace {

// Words worked on at a time, as in the portable twin: the ballots of a group, the counter's planes
// and the carries, 1 KiB each, stay in a level-one cache of 32 KiB.
constexpr std::size_t kWords = 256;

// Ballots of the largest group, as a power of two: one address register for each.
#if defined(__aarch64__)
constexpr std::size_t kLargest = 4;
#else
constexpr std::size_t kLargest = 3;
#endif

// Carry-save adder in three instructions: sum <- the low bit of sum + a + b; returns the carry,
// which is a where sum and a agree, else b.
template <class Lane>
typename Lane::Word add(typename Lane::Word& sum, typename Lane::Word a, typename Lane::Word b) {
  const typename Lane::Word half = sum ^ a;
  sum = half ^ b;
  return Lane::select(half, b, a);
}

// Adds word w of 2^kLog ballots to the planes low[0..kLog); returns the carry, which weighs 2^kLog.
template <class Lane, std::size_t kLog>
typename Lane::Word add_tree(const std::uint32_t* const* ballots, std::size_t w,
                             typename Lane::Word* low) {
  if constexpr (kLog == 0) {
    return Lane::load(ballots[0] + w);
  } else {
    const auto a = add_tree<Lane, kLog - 1>(ballots, w, low);
    const auto b = add_tree<Lane, kLog - 1>(ballots + (std::size_t{1} << (kLog - 1)), w, low);
    return add<Lane>(low[kLog - 1], a, b);
  }
}

// Words [start, start + words) of a counter.
struct Range {
  CounterPlanes counter;
  std::size_t start;
  std::size_t words;
  std::uint32_t* plane(std::size_t p) const { return counter.plane(p) + start; }
};

// 2^kLog ballots into the lowest kLog planes; what overflows them goes to `carry`.
template <std::size_t kLog>
void add_ballots(const Range& range, const std::uint32_t* const* planes,
                 std::uint32_t* __restrict carry) {
  // Copies of the addresses: the compiler need not fear that a store changes them.
  const std::uint32_t* ballots[std::size_t{1} << kLog];
  for (std::size_t k = 0; k < std::size_t{1} << kLog; ++k) ballots[k] = planes[k] + range.start;
  std::uint32_t* target[kLog];
  for (std::size_t p = 0; p < kLog; ++p) target[p] = range.plane(p);
  for_words(range.words, [&](auto lane, std::size_t w) {
    using Lane = decltype(lane);
    typename Lane::Word low[kLog];
    for (std::size_t p = 0; p < kLog; ++p) low[p] = Lane::load(target[p] + w);
    Lane::store(carry + w, add_tree<Lane, kLog>(ballots, w, low));
    for (std::size_t p = 0; p < kLog; ++p) Lane::store(target[p] + w, low[p]);
  });
}

// Adds a carry to one plane and leaves the next carry in its place; false when none is left.
bool add_carry(std::size_t words, std::uint32_t* __restrict plane,
               std::uint32_t* __restrict carry) {
  uint32x4_t any = Quad::all(0);
  std::uint32_t any_of_rest = 0;
  for_words(words, [&](auto lane, std::size_t w) {
    using Lane = decltype(lane);
    const auto sum = Lane::load(plane + w);
    const auto added = Lane::load(carry + w);
    Lane::store(plane + w, sum ^ added);
    Lane::store(carry + w, sum & added);
    if constexpr (std::is_same_v<Lane, Quad>) {
      any |= sum & added;
    } else {
      any_of_rest |= sum & added;
    }
  });
  return any_of_rest != 0 || any_bit(any);
}

void ripple(const Range& range, std::size_t p, std::uint32_t* carry) {
  while (p < range.counter.plane_count && add_carry(range.words, range.plane(p), carry)) ++p;
}

// A group is never larger than the counter has planes for, so a narrow counter is right as long as
// it is wide enough.
void count_block(const Range& range, const std::uint32_t* const* planes, std::size_t count) {
  std::uint32_t carry[kWords];
  while (count > 0) {
    const std::size_t log = std::min(
        {kLargest, static_cast<std::size_t>(std::bit_width(count) - 1), range.counter.plane_count});
    switch (log) {
      case 4:
        add_ballots<4>(range, planes, carry);
        break;
      case 3:
        add_ballots<3>(range, planes, carry);
        break;
      case 2:
        add_ballots<2>(range, planes, carry);
        break;
      case 1:
        add_ballots<1>(range, planes, carry);
        break;
      default:
        std::copy_n(planes[0] + range.start, range.words, carry);
    }
    ripple(range, log, carry);
    planes += std::size_t{1} << log;
    count -= std::size_t{1} << log;
  }
}

// plane <- the low bit of plane + from + carry; the carry is left for the plane above.
void add_plane(std::size_t words, const std::uint32_t* from, std::uint32_t* __restrict plane,
               std::uint32_t* __restrict carry) {
  for_words(words, [&](auto lane, std::size_t w) {
    using Lane = decltype(lane);
    auto sum = Lane::load(plane + w);
    Lane::store(carry + w, add<Lane>(sum, Lane::load(from + w), Lane::load(carry + w)));
    Lane::store(plane + w, sum);
  });
}

}  // namespace

void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count) {
  for (std::size_t start = 0; start < counter.words; start += kWords) {
    count_block({counter, start, std::min(kWords, counter.words - start)}, planes, count);
  }
}

void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count) {
  std::uint32_t carry[kWords];
  for (std::size_t start = 0; start < into.words; start += kWords) {
    const Range range{into, start, std::min(kWords, into.words - start)};
    std::fill_n(carry, range.words, 0);
    for (std::size_t p = 0; p < from_plane_count; ++p) {
      add_plane(range.words, from + p * into.words + start, range.plane(p), carry);
    }
    ripple(range, from_plane_count, carry);
  }
}

}  // namespace psephos::kernels::neon

#endif
