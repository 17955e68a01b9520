#pragma once
// All randomness of Psephos: Philox4x32-10 with key (seed, stream) and counter (round, purpose,
// index). Every draw has an address, so no generator is shared, nothing depends on the order of
// calls, and a run is replayed by its seed alone.

#include <array>
#include <cstdint>

namespace psephos {

// Who draws. Clients of a simulation use (run seed, client number); the coordinator and everything
// that belongs to the run itself use (run seed, kRunStream).
struct PhiloxKey {
  std::uint32_t seed = 0;
  std::uint32_t stream = 0;
  bool operator==(const PhiloxKey&) const = default;
};

inline constexpr std::uint32_t kRunStream = 0xFFFFFFFF;

// What for. Values are part of what makes a run reproducible: never renumber.
enum class Purpose : std::uint32_t {
  kBatch = 1,         // mini-batch sample indices
  kEpochOrder = 2,    // permutation of a local epoch
  kCoin = 3,          // a client's coins for exact zeros
  kTieCoin = 4,       // the coordinator's coins for ties
  kInitial = 5,       // initial parameters (index within the tensor, round = tensor number)
  kDraw = 6,          // who votes in a round
  kPartition = 7,     // which samples a client holds
  kSynthetic = 8,     // the synthetic data set
  kAgreement = 9,     // which blocks agreement is estimated on
  kBackoff = 10,      // full jitter of reconnects
  kAttack = 11,       // byzantine clients (simulator)
  kDrop = 12,         // lost frames (simulator)
  kLatency = 13,      // link delays (simulator)
  kComputeTime = 14,  // gradient durations (simulator)
  kIdentifier = 15,   // run and session numbers of simulated coordinators
  kFault = 16,        // test harnesses
  kSplit = 17,        // samples held back from training
};

// Four words at `index` (index i addresses words 4i..4i+3 of the sequence).
std::array<std::uint32_t, 4> philox(PhiloxKey key, std::uint32_t round, Purpose purpose,
                                    std::uint64_t index);

// Word number `index` of the same sequence.
std::uint32_t philox_word(PhiloxKey key, std::uint32_t round, Purpose purpose, std::uint64_t index);

// A word as an integer in [0, n), n > 0 (multiply-shift; bias below n / 2^32).
inline std::uint32_t below(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

// A word as a double in [0, 1), 24 bits.
inline double unit_interval(std::uint32_t word) { return (word >> 8) * 0x1p-24; }

}  // namespace psephos
