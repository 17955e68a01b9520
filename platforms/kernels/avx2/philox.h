#pragma once
// Philox4x32-10 (philox.h), four generators side by side: each has a 64-bit lane, of which the
// multiplication reads the lower half and the upper one holds what it likes. Of the first three
// rounds only what depends on the block's index is computed anew. Included behind the target
// pragma.

#include <immintrin.h>

#include <cstdint>

#include "platforms/kernels/kernels.h"

namespace psephos::kernels::avx2 {

// Words k of four blocks, each in the lower half of its lane.
struct RandomWords {
  __m256i word[4];
};

class Philox {
 public:
  explicit Philox(const CoinAddress& address) {
    std::uint32_t key[2] = {address.key[0], address.key[1]};
    std::uint32_t keys[kRounds][2];
    for (auto& of_round : keys) {
      of_round[0] = key[0];
      of_round[1] = key[1];
      key[0] += 0x9E3779B9;
      key[1] += 0xBB67AE85;
    }
    const std::uint64_t b0 = std::uint64_t{kSecond} * address.round;
    const std::uint32_t c0 = upper(b0) ^ keys[0][0];
    const std::uint64_t a1 = std::uint64_t{kFirst} * c0;
    after_first_ = spread(address.purpose ^ keys[0][1]);
    after_second_[0] = spread(static_cast<std::uint32_t>(b0) ^ keys[1][0]);
    after_second_[1] = spread(upper(a1) ^ keys[1][1]);
    after_third_[0] = spread(keys[2][0]);
    after_third_[1] = spread(static_cast<std::uint32_t>(a1) ^ keys[2][1]);
    for (int i = 3; i < kRounds; ++i) {
      keys_[i - 3][0] = spread(keys[i][0]);
      keys_[i - 3][1] = spread(keys[i][1]);
    }
  }

  // `index`: of the blocks, below 2^32, one in every lane.
  RandomWords at(__m256i index) const {
    const __m256i first = spread(kFirst);
    const __m256i second = spread(kSecond);

    __m256i c3 = _mm256_mul_epu32(first, index);
    __m256i c2 = _mm256_xor_si256(upper(c3), after_first_);
    __m256i c1 = _mm256_mul_epu32(second, c2);
    __m256i c0 = _mm256_xor_si256(upper(c1), after_second_[0]);
    c2 = _mm256_xor_si256(c3, after_second_[1]);

    __m256i a = _mm256_mul_epu32(first, c0);
    __m256i b = _mm256_mul_epu32(second, c2);
    c0 = _mm256_xor_si256(_mm256_xor_si256(upper(b), c1), after_third_[0]);
    c2 = _mm256_xor_si256(upper(a), after_third_[1]);
#pragma GCC unroll 7
    for (const auto& key : keys_) {
      c1 = b;
      c3 = a;
      a = _mm256_mul_epu32(first, c0);
      b = _mm256_mul_epu32(second, c2);
      c0 = _mm256_xor_si256(_mm256_xor_si256(upper(b), c1), key[0]);
      c2 = _mm256_xor_si256(_mm256_xor_si256(upper(a), c3), key[1]);
    }
    return {{c0, b, c2, a}};
  }

 private:
  static constexpr int kRounds = 10;
  static constexpr std::uint32_t kFirst = 0xD2511F53;
  static constexpr std::uint32_t kSecond = 0xCD9E8D57;

  static std::uint32_t upper(std::uint64_t product) {
    return static_cast<std::uint32_t>(product >> 32);
  }
  static __m256i upper(__m256i products) { return _mm256_srli_epi64(products, 32); }
  static __m256i spread(std::uint32_t word) { return _mm256_set1_epi64x(word); }

  // What is combined with the variable parts in each round.
  __m256i after_first_;
  __m256i after_second_[2];
  __m256i after_third_[2];
  __m256i keys_[kRounds - 3][2];
};

}  // namespace psephos::kernels::avx2
