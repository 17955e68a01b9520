#pragma once
// What the proving ground draws with: one sequence per seed, in the order of its questions. The
// world has one thread, so the order, hence the whole history, follows from the seed.

#include <cstdint>

#include "runtime/base/philox.h"

namespace psephos::proving {

class Luck {
 public:
  // `stream`: independent sequences of one seed.
  Luck(std::uint32_t seed, std::uint32_t stream) : key_{seed, stream} {}

  std::uint32_t word() {
    if (next_ == words_.size()) {
      words_ = philox(key_, 0, Purpose::kFault, block_++);
      next_ = 0;
    }
    return words_[next_++];
  }

  std::uint64_t wide() {
    const std::uint64_t high = word();  // a statement each: in one, compilers differ in their order
    return (high << 32) | word();
  }

  bool chance(double probability) { return probability > 0 && unit_interval(word()) < probability; }
  std::uint32_t below(std::uint32_t n) { return psephos::below(word(), n); }  // n > 0
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + below(most - least + 1);
  }
  double uniform(double least, double most) {
    return least + (most - least) * unit_interval(word());
  }

 private:
  PhiloxKey key_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t next_ = 4;
};

}  // namespace psephos::proving
