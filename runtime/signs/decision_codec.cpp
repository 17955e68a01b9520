#include "runtime/signs/decision_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/signs/plane_words.h"
#include "runtime/signs/rice_string.h"
#include "runtime/signs/ternary_codec.h"

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
  Words packed((bytes_for(count) + kWordBytes - 1) / kWordBytes);
  kernels::kernels().gather_signs(bits.data(), mask.data(), mask.size(),
                                  reinterpret_cast<std::uint8_t*>(packed.data()));
  return packed;
}

Words scattered(const Words& bits, const Words& mask, std::uint64_t count) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(bits.data());
  return scatter_signs(ByteSpan(bytes, bytes_for(count)), mask);
}

// What two decisions differ in.
struct Difference {
  std::size_t parameters = 0;
  Words flipped;  // voted on in one of them only
  Words kept;     // in both
  Words added;    // now only
  Words turned;   // kept, and with another sign
  std::uint64_t flipped_count = 0;
  std::uint64_t kept_count = 0;
  std::uint64_t added_count = 0;
  std::uint64_t turned_count = 0;
};

Difference difference(const PackedSigns& decision, const PackedSigns& before) {
  PSEPHOS_CHECK(decision.parameters == before.parameters, "a change between two models");
  const Words now = voted_plane(decision);
  const Words then = voted_plane(before);
  const std::size_t words = now.size();
  Difference found{decision.parameters, Words(words), Words(words), Words(words), Words(words)};
  for (std::size_t w = 0; w < words; ++w) {
    found.flipped[w] = now[w] ^ then[w];
    found.kept[w] = now[w] & then[w];
    found.added[w] = now[w] & ~then[w];
    found.turned[w] = (decision.signs[w] ^ before.signs[w]) & now[w] & then[w];
  }
  found.flipped_count = count_ones(found.flipped);
  found.kept_count = count_ones(found.kept);
  found.added_count = count_ones(found.added);
  found.turned_count = count_ones(found.turned);
  return found;
}

std::size_t least_change_bytes(const Difference& of) {
  return kHeaderBytes + rice_size(of.flipped_count, of.parameters).least +
         rice_size(of.turned_count, of.kept_count).least + bytes_for(of.added_count);
}

Bytes write_change(const PackedSigns& decision, const Difference& of) {
  Bytes out = {static_cast<std::uint8_t>(rice_parameter(of.flipped_count, of.parameters)),
               static_cast<std::uint8_t>(rice_parameter(of.turned_count, of.kept_count)), 0, 0};
  append_rice(of.flipped, of.flipped_count, of.parameters, out);
  append_rice(gathered(of.turned, of.kept, of.kept_count), of.turned_count, of.kept_count, out);
  append_signs(decision.signs, of.added, of.added_count, out);
  return out;
}

// Of encode(decision).
SizeBounds plain_size(const PackedSigns& decision) {
  const std::uint64_t voted = decision.voted_count();
  if (voted < decision.parameters) return ternary_size(voted, decision.parameters);
  const std::size_t binary = decision.signs.size() * kWordBytes;
  return {binary, binary};
}

Result<PackedSigns> decode_change(ByteSpan planes, const PackedSigns& before) {
  const std::size_t parameters = before.parameters;
  if (planes.size() < kHeaderBytes) {
    return Error{fmt::format("change planes have {} bytes, fewer than the {} of their header",
                             planes.size(), kHeaderBytes)};
  }
  ByteSpan rest = planes.subspan(kHeaderBytes);
  const Result<RiceString> vote_flips = read_rice(rest, parameters, planes[0]);
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

  const Result<RiceString> sign_flips = read_rice(rest, kept_count, planes[1]);
  if (!sign_flips) return sign_flips.error();
  rest = rest.subspan(sign_flips->bytes);
  const Result<Words> turned = decode_rice(*sign_flips, word_count(kept_count));
  if (!turned) return turned.error();
  if (kept_count % 32 != 0 && (turned->back() >> (kept_count % 32)) != 0) {
    return past_end("change", parameters);
  }
  if (planes[2] != 0 || planes[3] != 0) {
    return Error{"the last two bytes of the change header are not 0"};
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
  return write_change(decision, difference(decision, before));
}

EncodedSigns encode_decision(const PackedSigns& decision, const PackedSigns* before) {
  if (before == nullptr) return encode(decision);
  const Difference from_before = difference(decision, *before);
  const SizeBounds plain = plain_size(decision);
  if (least_change_bytes(from_before) >= plain.most) return encode(decision);
  Bytes change = write_change(decision, from_before);
  if (change.size() >= plain.least) {
    EncodedSigns encoded = encode(decision);
    if (change.size() >= encoded.planes.size()) return encoded;
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
