#pragma once
// Counting with wide registers: a carry-save adder tree (Harley-Seal) for count_planes, and ripple
// carries for merge_counters. Included by a processor's tally.cpp behind its target pragma, with a
// register type R of its own:
//
//   R::kWords                     32-bit words of a register, a divisor of 16
//   R::kChunk                     words of the counter that are worked on while all ballots go by,
//                                 whole lines
//   R::load(words), R::store(words, r)   at any address
//   R::zero()
//   R::either(a, b), R::both(a, b)       a ^ b, a & b
//   R::add(sum, a, b)             sum <- the low bit of sum + a + b; returns the carry
//
// Private to the kernels.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels {

template <class R>
class TallyTree {
 public:
  // count_planes of kernels.h.
  static void count(const CounterPlanes& counter, const std::uint32_t* const* planes,
                    std::size_t count) {
    if (count == 0) return;
    const std::size_t whole = counter.plane_count < kLeastPlanes ? 0 : whole_lines(counter.words);
    for (std::size_t start = 0; start < whole; start += kChunk) {
      const std::size_t words = std::min(kChunk, whole - start);
      const std::size_t next_words = std::min(kChunk, whole - std::min(start + kChunk, whole));
      count_chunk(counter, planes, count, {start, words}, next_words);
    }
    portable::count_words(counter, planes, count, whole, counter.words);
  }

  // merge_counters of kernels.h.
  static void merge(const CounterPlanes& into, const std::uint32_t* from,
                    std::size_t from_plane_count) {
    const std::size_t whole = whole_lines(into.words);
    for (std::size_t w = 0; w < whole; w += R::kWords) {
      R carry = R::zero();
      std::size_t p = 0;
      for (; p < from_plane_count; ++p) {
        R sum = R::load(into.plane(p) + w);
        carry = R::add(sum, R::load(from + p * into.words + w), carry);
        R::store(into.plane(p) + w, sum);
      }
      ripple(into, p, w, carry);
    }
    portable::merge_words(into, from, from_plane_count, whole);
  }

 private:
  struct Range {
    std::size_t start;
    std::size_t words;
  };

  static constexpr std::size_t kTree = 16;  // ballots of one pass over the lowest four planes
  static constexpr std::size_t kHalfTree = 8;
  static constexpr std::size_t kLeastPlanes = 3;  // that half a tree writes
  static constexpr std::size_t kLine = 16;        // words of a cache line
  static constexpr std::size_t kChunk = R::kChunk;
  // How far before they are added ballots are asked for. The hardware follows few streams, and none
  // across a page.
  static constexpr std::size_t kAhead = 256;
  static_assert(kLine % R::kWords == 0 && kChunk % kLine == 0);

  static constexpr std::size_t whole_lines(std::size_t words) { return words - words % kLine; }

  using Group = const std::uint32_t* [kTree];

  // Sixteen ballots from `first` on, at word `start`; nothing, where there are no more.
  static void take(const std::uint32_t* const* planes, std::size_t count, std::size_t first,
                   std::size_t start, Group& group) {
    alignas(64) static constexpr std::uint32_t kNothing[kChunk] = {};
    for (std::size_t k = 0; k < kTree; ++k) {
      group[k] = first + k < count ? planes[first + k] + start : kNothing;
    }
  }

  // `next_words`: of the chunk that follows.
  static void count_chunk(const CounterPlanes& counter, const std::uint32_t* const* planes,
                          std::size_t count, Range range, std::size_t next_words) {
    Group now;
    Group next;
    take(planes, count, 0, range.start, now);
    for (std::size_t first = 0; first < count; first += kTree) {
      const bool last = first + kTree >= count;
      // After the last group of this chunk comes the first of the next.
      const bool more = !last || next_words > 0;
      take(planes, more ? count : 0, last ? 0 : first + kTree,
           last ? range.start + range.words : range.start, next);
      const std::size_t next_end = last ? next_words : range.words;
      if (count - first > kHalfTree && counter.plane_count > kLeastPlanes) {
        add_group<kTree>(counter, now, next, next_end, range);
      } else {
        add_group<kHalfTree>(counter, now, next, next_end, range);
        if (count - first > kHalfTree) {
          std::copy_n(now + kHalfTree, kHalfTree, now);
          add_group<kHalfTree>(counter, now, next, next_end, range);
        }
      }
      std::copy_n(next, kTree, now);
    }
  }

  // Adds the group's first kCount ballots, and asks for the memory of those that come after.
  template <std::size_t kCount>
  static void add_group(const CounterPlanes& counter, const Group& now, const Group& next,
                        std::size_t next_end, Range range) {
    constexpr std::size_t kPlanes = kCount == kTree ? 4 : 3;
    for (std::size_t line = 0; line < range.words; line += kLine) {
      const bool here = line + kAhead < range.words;
      const std::size_t wanted = here ? line + kAhead : line + kAhead - range.words;
      if (here || wanted < next_end) {
        for (std::size_t k = 0; k < kCount; ++k) {
          __builtin_prefetch((here ? now[k] : next[k]) + wanted, 0, 2);
        }
      }
      for (std::size_t w = line; w < line + kLine; w += R::kWords) {
        R planes[kPlanes];
        for (std::size_t p = 0; p < kPlanes; ++p) {
          planes[p] = R::load(counter.plane(p) + range.start + w);
        }
        const R carry = add_up<kCount>(now, w, planes);
        for (std::size_t p = 0; p < kPlanes; ++p) {
          R::store(counter.plane(p) + range.start + w, planes[p]);
        }
        ripple(counter, kPlanes, range.start + w, carry);
      }
    }
  }

  // Adds kCount registers into the lowest planes; what is left weighs kCount.
  template <std::size_t kCount>
  static R add_up(const std::uint32_t* const* ballots, std::size_t w, R* planes) {
    if constexpr (kCount == 2) {
      return R::add(planes[0], R::load(ballots[0] + w), R::load(ballots[1] + w));
    } else {
      constexpr std::size_t kHalf = kCount / 2;
      constexpr std::size_t kPlane = kCount == 4 ? 1 : kCount == 8 ? 2 : 3;
      const R a = add_up<kHalf>(ballots, w, planes);
      const R b = add_up<kHalf>(ballots + kHalf, w, planes);
      return R::add(planes[kPlane], a, b);
    }
  }

  static void ripple(const CounterPlanes& counter, std::size_t p, std::size_t w, R carry) {
    for (; p < counter.plane_count; ++p) {
      std::uint32_t* const plane = counter.plane(p) + w;
      const R old = R::load(plane);
      R::store(plane, R::either(old, carry));
      carry = R::both(old, carry);
    }
  }
};

}  // namespace psephos::kernels
