#include "runtime/wire/seal.h"

#include <xxhash.h>

#include <string>
#include <type_traits>

namespace psephos::wire {
namespace {

// Values one after the other, little-endian and without padding; then their hash.
class Sealer {
 public:
  Sealer() { bytes_.reserve(kUsualBytes); }

  template <class T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    append(&value, sizeof value);
  }
  void truth(bool value) { number(static_cast<std::uint8_t>(value)); }

  template <class T>
  void list(std::span<const T> values) {
    number(static_cast<std::uint32_t>(values.size()));
    append(values.data(), values.size_bytes());
  }

  std::uint64_t seal() const { return XXH3_64bits(bytes_.data(), bytes_.size()); }

 private:
  static constexpr std::size_t kUsualBytes = 128;  // of a decision without lists

  void append(const void* from, std::size_t size) {
    bytes_.append(static_cast<const char*>(from), size);
  }

  std::string bytes_;  // appends a few bytes faster than a vector
};

static_assert(sizeof(EarlierBallot) == 8, "slot and round, without padding");

}  // namespace

std::uint64_t seal_of(const Decision& decision, std::span<const std::uint8_t> slots) {
  Sealer sealer;
  sealer.number(decision.session);
  sealer.number(decision.run);
  sealer.number(decision.fingerprint);
  sealer.number(decision.round);
  sealer.number(decision.voters);
  sealer.number(decision.delta);
  sealer.number(decision.keep);
  sealer.number(static_cast<std::uint8_t>(decision.encoding));
  sealer.truth(decision.vote);
  sealer.truth(decision.evaluate);
  sealer.truth(decision.counted.counted);
  sealer.number(decision.counted.given);
  sealer.number(decision.next.local_lr);
  sealer.number(decision.next.batch);
  sealer.list(std::span<const float>(decision.next.scales));
  sealer.list(std::span<const float>(decision.steps));
  sealer.list(slots);
  sealer.list(std::span<const EarlierBallot>(decision.counted.earlier));
  return sealer.seal();
}

std::uint64_t seal_of(const Past& past, std::span<const std::uint64_t> decisions) {
  Sealer sealer;
  sealer.number(past.session);
  sealer.number(past.have_round);
  sealer.number(past.counted_through);
  sealer.number(past.round);
  sealer.truth(past.vote);
  sealer.truth(past.evaluate);
  sealer.list(decisions);
  if (past.chunk) {
    sealer.number(past.chunk->round);
    sealer.number(past.chunk->fingerprint);
    sealer.number(past.chunk->chunk);
    sealer.number(past.chunk->chunks);
    sealer.number(XXH3_64bits(past.chunk->bytes.data(), past.chunk->bytes.size()));
  }
  return sealer.seal();
}

}  // namespace psephos::wire
