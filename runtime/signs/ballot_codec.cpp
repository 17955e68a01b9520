#include "runtime/signs/ballot_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos {
namespace {

constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kWordBytes = sizeof(std::uint32_t);

// What goes before the signs in a ternary ballot of form 0.
constexpr std::uint8_t kRawHeader[kHeaderBytes] = {0, 0, 0, 0};

using Planes = std::span<const std::uint8_t>;

std::size_t sign_bytes(std::uint64_t voted) { return static_cast<std::size_t>((voted + 7) / 8); }

bool has_bits_past_end(const std::uint32_t* last_block, std::size_t words, std::size_t parameters) {
  const std::size_t first = word_count(parameters) - words;
  for (std::size_t w = 0; w < words; ++w) {
    if ((last_block[w] & ~valid_bits(first + w, parameters)) != 0) return true;
  }
  return false;
}

// Words of the block that may have bits past the last parameter; 0 if every block is full.
std::size_t short_block_words(std::size_t parameters) {
  return word_count(parameters % kBlockParameters);
}

// `plane` is W words of the wire, at any address.
bool has_bits_past_end(Planes plane, std::size_t parameters) {
  std::uint32_t block[kBlockWords];
  const std::size_t words = short_block_words(parameters);
  if (words == 0) return false;
  std::memcpy(block, plane.data() + plane.size() - words * kWordBytes, words * kWordBytes);
  return has_bits_past_end(block, words, parameters);
}

std::uint64_t count_ones(Planes plane) {
  std::uint32_t chunk[256];
  std::uint64_t total = 0;
  while (!plane.empty()) {
    const std::size_t bytes = std::min(plane.size(), sizeof chunk);
    std::memcpy(chunk, plane.data(), bytes);
    total += kernels::kernels().count_ones(chunk, bytes / kWordBytes);
    plane = plane.subspan(bytes);
  }
  return total;
}

Error wrong_length(const char* what, std::size_t got, std::size_t wanted) {
  return Error{
      fmt::format("{} planes have {} bytes instead of {}; encode the ballot again for this "
                  "model's number of parameters",
                  what, got, wanted)};
}

Error past_end(const char* what, std::size_t parameters) {
  return Error{fmt::format("{} planes have bits set past parameter {}; these bits must be 0", what,
                           parameters)};
}

Result<std::uint64_t> check_binary(Planes planes, std::size_t parameters) {
  const std::size_t wanted = word_count(parameters) * kWordBytes;
  if (planes.size() != wanted) return wrong_length("binary", planes.size(), wanted);
  if (has_bits_past_end(planes, parameters)) return past_end("binary", parameters);
  return std::uint64_t{parameters};
}

Status check_header(Planes planes) {
  const std::uint8_t form = planes[0];
  if (form == 1 || form == 2) {
    return Error{fmt::format(
        "ternary form {} (Rice-coded) is not spoken yet; send form 0 (raw planes)", form)};
  }
  if (!std::equal(std::begin(kRawHeader), std::end(kRawHeader), planes.begin())) {
    return Error{"the ternary header is not that of form 0 (four zero bytes); send raw planes"};
  }
  return Ok{};
}

Result<std::uint64_t> check_ternary(Planes planes, std::size_t parameters) {
  const std::size_t plane_bytes = word_count(parameters) * kWordBytes;
  const std::size_t least = kHeaderBytes + plane_bytes;
  if (planes.size() < least) {
    return Error{
        fmt::format("ternary planes have {} bytes, fewer than the {} of header and voted "
                    "plane; encode the ballot again for this model's number of parameters",
                    planes.size(), least)};
  }
  if (Status header = check_header(planes); !header) return header.error();
  const Planes plane = planes.subspan(kHeaderBytes, plane_bytes);
  if (has_bits_past_end(plane, parameters)) return past_end("ternary", parameters);

  const std::uint64_t voted = count_ones(plane);
  if (voted == parameters) {
    return Error{"ternary planes vote on every parameter; such a ballot must be sent as binary"};
  }
  const std::size_t wanted = least + sign_bytes(voted);
  if (planes.size() != wanted) return wrong_length("ternary", planes.size(), wanted);
  if (voted % 8 != 0 && (planes.back() >> (voted % 8)) != 0) {
    return Error{"the spare bits after the last sign of ternary planes are not all 0"};
  }
  return voted;
}

void require_canonical(const PackedSigns& signs) {
  const std::size_t words = word_count(signs.parameters);
  PSEPHOS_CHECK(signs.signs.size() == words, "a sign plane of the wrong length");
  PSEPHOS_CHECK(signs.all_voted() || signs.voted.size() == words,
                "a voted plane of the wrong length");
  const auto& outer = signs.all_voted() ? signs.signs : signs.voted;
  const std::size_t tail = short_block_words(signs.parameters);
  PSEPHOS_CHECK(!has_bits_past_end(outer.data() + words - tail, tail, signs.parameters),
                "packed signs with bits past the last parameter");
}

EncodedSigns encode_binary(const PackedSigns& signs) {
  EncodedSigns encoded{Encoding::kBinary, Bytes(signs.signs.size() * kWordBytes)};
  std::ranges::copy(std::as_bytes(std::span(signs.signs)),
                    std::as_writable_bytes(std::span(encoded.planes)).begin());
  return encoded;
}

EncodedSigns encode_ternary(const PackedSigns& signs, std::uint64_t voted) {
  const std::size_t plane_bytes = signs.voted.size() * kWordBytes;
  EncodedSigns encoded{Encoding::kTernary, Bytes(kHeaderBytes + plane_bytes + sign_bytes(voted))};
  std::uint8_t* out = std::ranges::copy(kRawHeader, encoded.planes.data()).out;
  std::memcpy(out, signs.voted.data(), plane_bytes);

  kernels::kernels().gather_signs(signs.signs.data(), signs.voted.data(), signs.voted.size(),
                                  out + plane_bytes);
  return encoded;
}

AlignedVector<std::uint32_t> words_of(Planes plane) {
  AlignedVector<std::uint32_t> words(plane.size() / kWordBytes);
  if (!words.empty()) std::memcpy(words.data(), plane.data(), plane.size());
  return words;
}

PackedSigns decode_ternary(Planes planes, std::size_t parameters) {
  const std::size_t words = word_count(parameters);
  PackedSigns decoded{parameters, AlignedVector<std::uint32_t>(words),
                      words_of(planes.subspan(kHeaderBytes, words * kWordBytes))};
  const Planes signs = planes.subspan(kHeaderBytes + words * kWordBytes);
  kernels::kernels().scatter_signs(signs.data(), signs.size(), decoded.voted.data(), words,
                                   decoded.signs.data());
  return decoded;
}

}  // namespace

EncodedSigns encode(const PackedSigns& signs) {
  require_canonical(signs);
  const std::uint64_t voted = signs.voted_count();
  return voted == signs.parameters ? encode_binary(signs) : encode_ternary(signs, voted);
}

Result<std::uint64_t> check_planes(Encoding encoding, std::span<const std::uint8_t> planes,
                                   std::size_t parameters) {
  switch (encoding) {
    case Encoding::kNone:
      if (planes.empty()) return std::uint64_t{0};
      return Error{"encoding none must come without planes; send none, or a ballot with them"};
    case Encoding::kBinary:
      return check_binary(planes, parameters);
    case Encoding::kTernary:
      return check_ternary(planes, parameters);
    case Encoding::kChange:
      return Error{"encoding change is not spoken yet; send binary or ternary planes"};
  }
  return Error{fmt::format("encoding {} is unknown; send binary or ternary planes",
                           static_cast<unsigned>(encoding))};
}

Result<PackedSigns> decode(Encoding encoding, std::span<const std::uint8_t> planes,
                           std::size_t parameters) {
  if (encoding == Encoding::kNone) {
    return Error{"encoding none holds no signs; only a client that abstains as a whole sends it"};
  }
  if (const auto checked = check_planes(encoding, planes, parameters); !checked) {
    return checked.error();
  }
  if (encoding == Encoding::kBinary) return PackedSigns{parameters, words_of(planes), {}};
  return decode_ternary(planes, parameters);
}

std::optional<SignsView> view_in_place(Encoding encoding, std::span<const std::uint8_t> planes,
                                       std::size_t parameters) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(planes.data()) % kWordBytes == 0;
  if (encoding != Encoding::kBinary || !aligned) return std::nullopt;
  const std::size_t words = word_count(parameters);
  PSEPHOS_CHECK(planes.size() == words * kWordBytes, "planes are checked before they are viewed");
  return SignsView(parameters, {reinterpret_cast<const std::uint32_t*>(planes.data()), words}, {});
}

}  // namespace psephos
