#pragma once
// Philox4x32-10 (philox.h), as many generators side by side as a register has 64-bit lanes, of
// which a multiplication reads the lower halves; the upper ones hold what they like. Of the first
// three rounds only what depends on the block's index is computed anew. Included by a processor's
// philox.h behind its target pragma, with lanes L of its own:
//
//   L::Vector
//   L::spread(word)               the word in the lower half of every lane
//   L::product(a, b)              of the lower halves, 64 bits
//   L::upper(v)                   upper halves, moved to the lower ones
//   L::either(a, b), L::parity(a, b, c)   a ^ b, a ^ b ^ c
//
// Private to the kernels.

#include <cstddef>
#include <cstdint>

#include "platforms/kernels/kernels.h"

namespace psephos::kernels {

template <class L>
class PhiloxLanes {
 public:
  using Vector = typename L::Vector;

  // Words k of all lanes' blocks, each in the lower half of its lane.
  struct RandomWords {
    Vector word[4];
  };

  explicit PhiloxLanes(const CoinAddress& address) {
    std::uint32_t key[2] = {address.key[0], address.key[1]};
    std::uint32_t keys[kRounds][2];
    for (auto& of_round : keys) {
      of_round[0] = key[0];
      of_round[1] = key[1];
      key[0] += 0x9E3779B9;
      key[1] += 0xBB67AE85;
    }
    const std::uint64_t b0 = std::uint64_t{kSecond} * address.round;
    const std::uint32_t c0 = upper_half(b0) ^ keys[0][0];
    const std::uint64_t a1 = std::uint64_t{kFirst} * c0;
    after_first_ = L::spread(address.purpose ^ keys[0][1]);
    after_second_[0] = L::spread(static_cast<std::uint32_t>(b0) ^ keys[1][0]);
    after_second_[1] = L::spread(upper_half(a1) ^ keys[1][1]);
    after_third_[0] = L::spread(keys[2][0]);
    after_third_[1] = L::spread(static_cast<std::uint32_t>(a1) ^ keys[2][1]);
    for (int i = 3; i < kRounds; ++i) {
      keys_[i - 3][0] = L::spread(keys[i][0]);
      keys_[i - 3][1] = L::spread(keys[i][1]);
    }
  }

  // `index`: of the blocks, below 2^32, one in every lane.
  RandomWords at(Vector index) const {
    const Vector product = product_of(index);
    RandomWords words;
    from<1>(&product, &words);
    return words;
  }

  // What becomes of an index first. Of block i + n it is the sum of those of i and n, in 64 bits.
  static Vector product_of(Vector index) { return L::product(L::spread(kFirst), index); }

  // The blocks whose products are given, n registers of them, round by round in turn: ten rounds
  // wait for each other for longer than a processor looks ahead, so that the next register's must
  // stand beside them to be computed meanwhile.
  template <std::size_t n>
  void from(const Vector* products, RandomWords* words) const {
    const Vector first = L::spread(kFirst);
    const Vector second = L::spread(kSecond);
    Vector c0[n];
    Vector c1[n];
    Vector c2[n];
    Vector c3[n];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < n; ++i) {
      c3[i] = products[i];
      c2[i] = L::either(L::upper(c3[i]), after_first_);
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < n; ++i) {
      c1[i] = L::product(second, c2[i]);
      c0[i] = L::either(L::upper(c1[i]), after_second_[0]);
      c2[i] = L::either(c3[i], after_second_[1]);
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < n; ++i) {
      const Vector b = L::product(second, c2[i]);
      c3[i] = L::product(first, c0[i]);
      c0[i] = L::parity(L::upper(b), c1[i], after_third_[0]);
      c1[i] = b;
      c2[i] = L::either(L::upper(c3[i]), after_third_[1]);
    }
#pragma GCC unroll 7
    for (const auto& key : keys_) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < n; ++i) {
        const Vector a = L::product(first, c0[i]);
        const Vector b = L::product(second, c2[i]);
        c0[i] = L::parity(L::upper(b), c1[i], key[0]);
        c2[i] = L::parity(L::upper(a), c3[i], key[1]);
        c1[i] = b;
        c3[i] = a;
      }
    }
    for (std::size_t i = 0; i < n; ++i) words[i] = {{c0[i], c1[i], c2[i], c3[i]}};
  }

 private:
  static constexpr int kRounds = 10;
  static constexpr std::uint32_t kFirst = 0xD2511F53;
  static constexpr std::uint32_t kSecond = 0xCD9E8D57;

  static std::uint32_t upper_half(std::uint64_t product) {
    return static_cast<std::uint32_t>(product >> 32);
  }

  // What is combined with the variable parts in each round.
  Vector after_first_;
  Vector after_second_[2];
  Vector after_third_[2];
  Vector keys_[kRounds - 3][2];
};

}  // namespace psephos::kernels
