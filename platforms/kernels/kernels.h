#pragma once
// The table of micro-kernels. One table per processor family, all with the same meaning to the bit;
// `portable` is the specification, and what another table does not do better. A program chooses one
// table at start and passes nothing else around: callers say kernels().pack_signs(...).
//
// Packed-sign layout (WIRE.md, "Packed signs"): d parameters take W = ceil(d/32) little-endian
// 32-bit words. Block b of 1024 parameters owns words 32b..32b+31, and bit j of word 32b + l is
// parameter 1024b + 32j + l. The last, short block of r = d mod 1024 parameters has L = ceil(r/32)
// lanes: bit j of word base + l is parameter base_parameter + L*j + l. Bits past d are zero.
//
// Every kernel is a pure function of its arguments, thread-safe, allocates nothing, and requires
// finite input. Buffers need no particular alignment; ours have 64 bytes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace psephos::kernels {

// Addresses random words, e.g. the coins that stand in for exact zeros: coin word w is word w mod 4
// of philox4x32({w / 4, 0, round, purpose}, key).
struct CoinAddress {
  std::uint32_t key[2];
  std::uint32_t round;
  std::uint32_t purpose;
};

// A bit-sliced counter, or a range of words of one: bit p of the count of every coordinate is plane
// p, `words` words. Coordinates are in packed-sign order.
struct CounterPlanes {
  std::uint32_t* planes;
  std::size_t plane_count;
  std::size_t words;
  std::size_t stride;  // words from one plane to the next, at least `words`

  std::uint32_t* plane(std::size_t p) const { return planes + p * stride; }
};

// A set of places as the Rice code of the gaps before them: of each gap, the low `parameter` bits
// in one string of bits, and the rest in another, in unary: so many zeros, then a one. (In two
// strings, no code waits for the length of the one before it.) Both low bit first, in whole bytes.
struct RiceCode {
  const std::uint8_t* remainders;
  std::size_t remainder_bytes;
  const std::uint8_t* quotients;
  std::size_t quotient_bytes;
  unsigned parameter;  // at most 31
};

struct Kernels {
  const char* name;

  // signs: W words. Bit = sign bit of v, of zeros too: for vectors that have none, or whose zeros
  // are somebody else's business.
  void (*pack_bits)(const float* v, std::size_t d, std::uint32_t* signs);

  // signs: W words. Bit = sign bit of v; where v is +0 or -0, the coin's bit.
  void (*pack_signs)(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs);

  // momentum, then pack_signs of m, in one pass.
  void (*signum)(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
                 std::uint32_t* signs);

  // signs, voted: W words each. Voted where abs(v) > threshold (>= 0); sign bit 0 where not voted.
  void (*pack_threshold)(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                         std::uint32_t* voted);

  // Stochastic ballots on parameters first, first + 1, ... of a vector: `v` holds d of them, and
  // `first` is a multiple of 1024. Parameter i has a random word of its own: with r = i / 32 and p
  // = i mod 32 it is word p / 8 of philox4x32({8r + p mod 8, 0, round, purpose}, key), so that
  // eight generators side by side fill a row of 32. `bound`: B, finite and above 0.
  //
  // Voted with probability min(1, abs(v)/B): where (float(word >> 8) * 2^-24) * B < abs(v). The
  // sign bit is v's, 0 where not voted.
  void (*pack_stochastic_ternary)(const float* v, std::size_t first, std::size_t d, float bound,
                                  CoinAddress coin, std::uint32_t* signs, std::uint32_t* voted);
  // + with probability 1/2 + clip(v/B, -1, 1)/2: where (float(int32(word) >> 8) * 2^-23) * B < v.
  void (*pack_stochastic_sign)(const float* v, std::size_t first, std::size_t d, float bound,
                               CoinAddress coin, std::uint32_t* signs);

  // The sign bits of voted parameters, in word-then-bit order, first one lowest, in ceil(n/8) bytes
  // at `out` (n: ones of `voted`); spare bits are 0. signs, voted: `words` words.
  void (*gather_signs)(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                       std::uint8_t* out);
  // Its inverse; `in` has `bytes` = ceil(n/8). signs comes out 0 where nothing was voted.
  void (*scatter_signs)(const std::uint8_t* in, std::size_t bytes, const std::uint32_t* voted,
                        std::size_t words, std::uint32_t* signs);

  // The RiceCode of the n ones among `words` words, bit 0 of a word before bit 1 of it. Writes
  // ceil(n*parameter/8) bytes at `remainders` and at most ceil((n + (32*words - n) / 2^parameter) /
  // 8) at `quotients`; returns how many there. parameter at most 31.
  std::size_t (*rice_encode)(const std::uint32_t* bits, std::size_t words, unsigned parameter,
                             std::uint8_t* remainders, std::uint8_t* quotients);
  // Its inverse; writes `words` words. False if a place is past them: what is written means nothing
  // then. `code.quotients` must have as many ones as `code.remainders` has room for.
  bool (*rice_decode)(const RiceCode& code, std::uint32_t* bits, std::size_t words);

  // Both planes as base-3 digits, five to a byte (WIRE.md, "Ternary", form 3): byte 32g + j has bit
  // j of words 5g to 5g+4, the first of them as the lowest digit: 0 not voted on, 1 plus, 2 minus.
  // signs, voted: `words` words; `out`: 32*ceil(words/5) bytes; words that are not there are 0.
  void (*pack_trits)(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                     std::uint8_t* out);
  // Its inverse. False for a byte above 242 or a digit of a word that is not there: what is written
  // means nothing then.
  bool (*unpack_trits)(const std::uint8_t* in, std::size_t words, std::uint32_t* signs,
                       std::uint32_t* voted);

  // Adds `count` bit planes (counter.words words each) to a bit-sliced counter, which must be wide
  // enough:
  // no carry may leave its top plane. Harley-Seal carry-save adders, L1-sized blocks.
  void (*count_planes)(CounterPlanes counter, const std::uint32_t* const* planes,
                       std::size_t count);

  // Adds counter `from` (planes of into.words words, without gaps) to counter `into` (at least as
  // many planes; no carry may leave the top one).
  void (*merge_counters)(CounterPlanes into, const std::uint32_t* from,
                         std::size_t from_plane_count);

  // net = voted + all_voters - 2 * negative, per coordinate. Where abs(net) >= margin (margin >=
  // 1): decided bit 1 and sign bit (net < 0); elsewhere both 0. signs, decided: W = negative.words
  // words. Counters have at most 32 planes; `voted` may have none. Bits past d come out decided
  // when all_voters >= margin: the caller masks them (runtime/signs/layout.h, valid_bits).
  void (*decide)(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
                 std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided);

  // net as above of parameters 0..d-1, in their own order; the caller sees to it that it fits.
  void (*net_counts16)(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
                       std::size_t d, std::int16_t* net);
  void (*net_counts32)(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
                       std::size_t d, std::int32_t* net);

  // x <- x*keep, rounded, then x - step (sign bit 0) or x + step (sign bit 1) rounded; where
  // `voted` is 0 only the product. `voted` null: everything voted. PROTOCOL: replicas agree to the
  // bit.
  void (*apply)(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
                float step, float keep);

  // m <- beta*m + (1-beta)*g: two products rounded, then their sum ((1-beta) computed once in
  // float).
  void (*momentum)(float* m, const float* g, std::size_t d, float beta);

  // sum of abs(v) and of v*v in double, in one fixed order: 16 lanes, tree over lanes, blocks of
  // 1024 in sequence.
  double (*sum_abs)(const float* v, std::size_t d);
  double (*sum_squares)(const float* v, std::size_t d);

  bool (*all_finite)(const float* v, std::size_t d);

  std::uint64_t (*count_ones)(const std::uint32_t* words, std::size_t count);

  // x <- x*scale + offset for bytes (normalisation of images): float(b)*scale rounded, plus offset
  // rounded.
  void (*normalise)(const std::uint8_t* bytes, std::size_t count, float scale, float offset,
                    float* out);
};

// The reference: plain C++ that every compiler vectorises.
const Kernels& portable_kernels();

// Every table that this processor can run, the portable one first, the best one last.
std::span<const Kernels* const> runnable_kernels();

// Names the environment's choice, for programs without options: tests, and those of users. A name
// that is none ends the program at the first question.
inline constexpr const char* kKernelsVariable = "PSEPHOS_KERNELS";

// The table in use: the best one unless somebody chose. Thread-safe.
const Kernels& kernels();

// Makes the table of that name the one in use from now on; false, and nothing changes, where this
// processor can run none of that name. To be called before anything is computed: not that results
// would differ.
bool use_kernels(std::string_view name);

}  // namespace psephos::kernels
