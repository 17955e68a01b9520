#pragma once
// A fingerprint block's hash, taken piece by piece while each still is in the nearest cache: the
// block as a whole would be read again from the second one. Not thread-safe.

#include <cstdint>
#include <memory>
#include <span>

namespace psephos {

class BlockHasher {
 public:
  BlockHasher();
  ~BlockHasher();
  BlockHasher(const BlockHasher&) = delete;
  BlockHasher& operator=(const BlockHasher&) = delete;

  void add(std::span<const float> piece);
  // block_hash of all pieces, one behind the other; the next piece begins another block.
  std::uint64_t finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace psephos
