#include "runtime/replica/block_hasher.h"

#include "platforms/xxh3.h"
#include "runtime/base/check.h"

namespace psephos {

struct BlockHasher::State {
  XXH3_state_t* xxh3 = XXH3_createState();
  ~State() { XXH3_freeState(xxh3); }
};

BlockHasher::BlockHasher() : state_(std::make_unique<State>()) {
  PSEPHOS_CHECK(state_->xxh3 != nullptr, "no memory for the state of a hash");
  XXH3_64bits_reset(state_->xxh3);
}

BlockHasher::~BlockHasher() = default;

void BlockHasher::add(std::span<const float> piece) {
  XXH3_64bits_update(state_->xxh3, piece.data(), piece.size_bytes());
}

std::uint64_t BlockHasher::finish() {
  const std::uint64_t hash = XXH3_64bits_digest(state_->xxh3);
  XXH3_64bits_reset(state_->xxh3);
  return hash;
}

}  // namespace psephos
