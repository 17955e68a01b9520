#pragma once
// Slow twins of the kernels' layout and counters, written from the text of kernels.h one parameter
// at a time, and the inputs that every kernel is tried on.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "platforms/kernels/kernels.h"

namespace psephos::kernels::testing {

// Every table that this machine can run; the portable one is first.
inline std::span<const Kernels* const> runnable_tables() { return runnable_kernels(); }

struct Position {
  std::size_t word;
  unsigned bit;
};

inline Position naive_position(std::size_t i, std::size_t d) {
  const std::size_t block = i / 1024;
  const std::size_t in_block = i % 1024;
  const bool is_short = block == d / 1024;
  const std::size_t lanes = is_short ? (d % 1024 + 31) / 32 : 32;
  return {32 * block + in_block % lanes, static_cast<unsigned>(in_block / lanes)};
}

inline std::size_t naive_words(std::size_t d) { return d / 32 + (d % 32 != 0 ? 1 : 0); }

inline bool bit_of(const std::vector<std::uint32_t>& plane, Position p) {
  return ((plane[p.word] >> p.bit) & 1) != 0;
}

constexpr std::uint32_t kGuard = 0xA5A5A5A5;

// A plane of W words filled with rubbish, and one word behind it that nobody may touch.
inline std::vector<std::uint32_t> guarded_plane(std::size_t d) {
  return std::vector<std::uint32_t>(naive_words(d) + 1, kGuard);
}

inline void set_bit(std::vector<std::uint32_t>& plane, Position p) {
  plane[p.word] |= std::uint32_t{1} << p.bit;
}

inline std::vector<std::uint32_t> empty_plane(std::size_t d) {
  std::vector<std::uint32_t> plane(naive_words(d) + 1, 0);
  plane.back() = kGuard;
  return plane;
}

// Deterministic words (an LCG's upper half mixed in): tests of a kernel should not need the
// generator that the kernel uses.
class Words {
 public:
  explicit Words(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::uint32_t>(state_ >> 33) ^ static_cast<std::uint32_t>(state_ >> 17);
  }
  std::uint32_t below(std::uint32_t n) { return next() % n; }

 private:
  std::uint64_t state_;
};

// Finite floats of every kind: zeros of both signs, denormals, small, ordinary and huge ones.
std::vector<float> awkward_floats(std::size_t d, std::uint64_t seed);

// Floats as their bits: equal ones are the same number, zeros of both signs told apart.
std::vector<std::uint32_t> bits_of(const std::vector<float>& v);

std::vector<std::uint32_t> random_plane(std::size_t words, Words& random);

// The sizes around every block edge: 0..2100 and two large ones.
std::vector<std::size_t> sizes();

}  // namespace psephos::kernels::testing
