#include "runtime/signs/decision_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/signs/plane_words.h"
#include "runtime/signs/rice_string.h"

namespace psephos {
namespace {

constexpr std::size_t kHeaderBytes = 4;

template <class Operation>
Words combine(const Words& a, const Words& b, Operation operation) {
  Words result(a.size());
  std::ranges::transform(a, b, result.begin(), operation);
  return result;
}

constexpr auto kAndNot = [](std::uint32_t a, std::uint32_t b) { return a & ~b; };

// Bits under a mask, moved together: as many bits as the mask has ones, in whole words.
Words gathered(const Words& bits, const Words& mask, std::uint64_t count) {
  Bytes bytes;
  append_signs(bits, mask, count, bytes);
  bytes.resize((bytes.size() + kWordBytes - 1) / kWordBytes * kWordBytes);
  return words_of(bytes);
}

Words scattered(const Words& bits, const Words& mask, std::uint64_t count) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(bits.data());
  return scatter_signs(ByteSpan(bytes, bytes_for(count)), mask);
}

Result<PackedSigns> decode_change(ByteSpan planes, const PackedSigns& before) {
  const std::size_t parameters = before.parameters;
  if (planes.size() < kHeaderBytes) {
    return Error{fmt::format("change planes have {} bytes, fewer than the {} of their header",
                             planes.size(), kHeaderBytes)};
  }
  ByteSpan rest = planes.subspan(kHeaderBytes);
  const Result<RiceString> vote_flips = read_rice(rest, parameters);
  if (!vote_flips) return vote_flips.error();
  rest = rest.subspan(vote_flips->bytes);
  const Result<Words> flipped = decode_rice(*vote_flips, word_count(parameters));
  if (!flipped) return flipped.error();
  if (has_bits_past_end(*flipped, parameters)) return past_end("change", parameters);

  const Words voted_before = voted_plane(before);
  const Words kept = combine(voted_before, *flipped, kAndNot);
  const Words added = combine(*flipped, voted_before, kAndNot);
  const std::uint64_t kept_count = count_ones(kept);
  const std::uint64_t added_count = count_ones(added);

  const Result<RiceString> sign_flips = read_rice(rest, kept_count);
  if (!sign_flips) return sign_flips.error();
  rest = rest.subspan(sign_flips->bytes);
  const Result<Words> turned = decode_rice(*sign_flips, word_count(kept_count));
  if (!turned) return turned.error();
  if (kept_count % 32 != 0 && (turned->back() >> (kept_count % 32)) != 0) {
    return past_end("change", parameters);
  }
  const std::uint8_t header[] = {static_cast<std::uint8_t>(vote_flips->code.parameter),
                                 static_cast<std::uint8_t>(sign_flips->code.parameter), 0, 0};
  if (!std::ranges::equal(header, planes.first(kHeaderBytes))) {
    return Error{fmt::format("the change header is not {{{}, {}, 0, 0}}, as its Rice strings ask",
                             header[0], header[1])};
  }
  if (Status signs = check_packed_signs("change", rest, added_count); !signs) return signs.error();

  const Words turned_signs = scattered(*turned, kept, kept_count);
  const Words added_signs = scatter_signs(rest, added);
  PackedSigns decision{parameters, Words(kept.size()), combine(kept, added, std::bit_or<>())};
  for (std::size_t w = 0; w < kept.size(); ++w) {
    decision.signs[w] = ((before.signs[w] & kept[w]) ^ turned_signs[w]) | added_signs[w];
  }
  make_canonical(decision);
  return decision;
}

}  // namespace

Bytes encode_change(const PackedSigns& decision, const PackedSigns& before) {
  PSEPHOS_CHECK(decision.parameters == before.parameters, "a change between two models");
  const Words voted_now = voted_plane(decision);
  const Words voted_before = voted_plane(before);
  const Words flipped = combine(voted_now, voted_before, std::bit_xor<>());
  const Words kept = combine(voted_before, flipped, kAndNot);
  const Words added = combine(flipped, voted_before, kAndNot);
  const std::uint64_t kept_count = count_ones(kept);
  const Words turned =
      gathered(combine(decision.signs, before.signs, std::bit_xor<>()), kept, kept_count);
  const std::uint64_t flipped_count = count_ones(flipped);
  const std::uint64_t turned_count = count_ones(turned);

  Bytes out = {static_cast<std::uint8_t>(rice_parameter(flipped_count, decision.parameters)),
               static_cast<std::uint8_t>(rice_parameter(turned_count, kept_count)), 0, 0};
  append_rice(flipped, flipped_count, decision.parameters, out);
  append_rice(turned, turned_count, kept_count, out);
  append_signs(decision.signs, added, count_ones(added), out);
  return out;
}

EncodedSigns encode_decision(const PackedSigns& decision, const PackedSigns* before) {
  if (before == nullptr) return encode(decision);
  Bytes change = encode_change(decision, *before);
  // Every other encoding has a bit for each sign at least.
  if (change.size() >= bytes_for(decision.voted_count())) {
    EncodedSigns plain = encode(decision);
    if (change.size() >= plain.planes.size()) return plain;
  }
  return {Encoding::kChange, std::move(change)};
}

Result<PackedSigns> decode_decision(Encoding encoding, std::span<const std::uint8_t> planes,
                                    std::size_t parameters, const PackedSigns* before) {
  if (encoding != Encoding::kChange) return decode(encoding, planes, parameters);
  if (before == nullptr) {
    return Error{"a change follows the decision before it, and there is none; take a checkpoint"};
  }
  PSEPHOS_CHECK(before->parameters == parameters, "a change between two models");
  return decode_change(planes, *before);
}

}  // namespace psephos
