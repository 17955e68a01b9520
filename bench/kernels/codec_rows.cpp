// Planes as bytes and back: a sparse ballot as a Rice code, and a decision as the change from the
// one before. Speeds are of the whole codec, the choice of the smallest form included, and in
// float-equivalents: four bytes a parameter.

#include <fmt/format.h>

#include "bench/kernels/random_planes.h"
#include "bench/kernels/table.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/decision_codec.h"

namespace psephos::bench {
namespace {

constexpr double kFloat = sizeof(float);
constexpr Target kFast{Target::Of::kGigabytesAtLeast, 4};

volatile std::uint32_t seen;

// A plane in which each bit is one with this probability.
AlignedVector<std::uint32_t> biased_plane(std::size_t parameters, double share,
                                          std::uint64_t seed) {
  SplitMix random(seed);
  AlignedVector<std::uint32_t> plane(word_count(parameters));
  const auto least = static_cast<std::uint64_t>(share * 0x1p64);
  for (std::size_t w = 0; w < plane.size(); ++w) {
    for (unsigned bit = 0; bit < 32; ++bit) {
      plane[w] |= static_cast<std::uint32_t>(random.next() < least) << bit;
    }
    plane[w] &= valid_bits(w, parameters);
  }
  return plane;
}

PackedSigns canonical(std::size_t parameters, AlignedVector<std::uint32_t> signs,
                      AlignedVector<std::uint32_t> voted) {
  for (std::size_t w = 0; w < signs.size(); ++w) signs[w] &= voted[w];
  PackedSigns packed{parameters, std::move(signs), std::move(voted)};
  make_canonical(packed);
  return packed;
}

// `before` with 7 % of its signs turned and 0.1 % of its voted plane flipped.
PackedSigns a_round_later(const PackedSigns& before) {
  auto signs = before.signs;
  auto voted = before.voted;
  const auto turned = biased_plane(before.parameters, 0.07, 3);
  const auto flipped = biased_plane(before.parameters, 0.001, 4);
  for (std::size_t w = 0; w < signs.size(); ++w) {
    signs[w] ^= turned[w];
    voted[w] ^= flipped[w];
  }
  return canonical(before.parameters, std::move(signs), std::move(voted));
}

Case codec_case(const char* kernel, std::size_t d, std::size_t bytes, std::function<void()> run,
                const char* what) {
  const double bits = 8.0 * static_cast<double>(bytes) / static_cast<double>(d);
  return {.kernel = kernel,
          .isa = kernels::kernels().name,
          .parameters = d,
          .bytes = kFloat * static_cast<double>(d),
          .run = std::move(run),
          .limits = {},
          .target = d == kMillion ? std::optional(kFast) : std::nullopt,
          .beside = fmt::format("{}: {:.3f} bits a parameter", what, bits)};
}

void rice_rows(Table& table, std::size_t d) {
  const PackedSigns ballot = canonical(d, random_plane(d, 1), biased_plane(d, 0.1, 2));
  const EncodedSigns bytes = encode(ballot);
  table.time(codec_case(
      "rice_encode", d, bytes.planes.size(), [&] { seen = encode(ballot).planes.back(); },
      "10 % voted"));
  table.time(codec_case(
      "rice_decode", d, bytes.planes.size(),
      [&] { seen = decode(bytes.encoding, bytes.planes, d).value().signs.back(); }, "10 % voted"));
}

void change_rows(Table& table, std::size_t d) {
  const PackedSigns before = canonical(d, random_plane(d, 1), biased_plane(d, 0.85, 2));
  const PackedSigns decision = a_round_later(before);
  const EncodedSigns bytes = encode_decision(decision, &before);
  PSEPHOS_CHECK(bytes.encoding == Encoding::kChange, "the change is the smallest");
  constexpr const char* kWhat = "85 % voted, 7 % turned";
  table.time(codec_case(
      "change_encode", d, bytes.planes.size(),
      [&] { seen = encode_decision(decision, &before).planes.back(); }, kWhat));
  table.time(codec_case(
      "change_decode", d, bytes.planes.size(),
      [&] {
        seen = decode_decision(bytes.encoding, bytes.planes, d, &before).value().signs.back();
      },
      kWhat));
}

}  // namespace

void codec_rows(Table& table) {
  for (const std::size_t d : table.sizes()) {
    if (table.wants("rice_encode") || table.wants("rice_decode")) rice_rows(table, d);
    if (table.wants("change_encode") || table.wants("change_decode")) change_rows(table, d);
  }
}

}  // namespace psephos::bench
