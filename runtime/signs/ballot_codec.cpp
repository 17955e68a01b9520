#include "runtime/signs/ballot_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/signs/plane_words.h"
#include "runtime/signs/ternary_codec.h"

namespace psephos {
namespace {

Status check_binary_length(ByteSpan planes, std::size_t parameters) {
  const std::size_t wanted = word_count(parameters) * kWordBytes;
  if (planes.size() == wanted) return Ok{};
  return Error{
      fmt::format("binary planes have {} bytes instead of {}; encode the ballot again for this "
                  "model's number of parameters",
                  planes.size(), wanted)};
}

Result<Words> read_binary(ByteSpan planes, std::size_t parameters) {
  if (Status length = check_binary_length(planes, parameters); !length) return length.error();
  Words signs = words_of(planes);
  if (has_bits_past_end(signs, parameters)) return past_end("binary", parameters);
  return signs;
}

// Without a copy, for planes at an aligned address.
Result<SignsView> view_binary(ByteSpan planes, std::size_t parameters) {
  if (Status length = check_binary_length(planes, parameters); !length) return length.error();
  const std::span words(reinterpret_cast<const std::uint32_t*>(planes.data()),
                        word_count(parameters));
  if (has_bits_past_end(words, parameters)) return past_end("binary", parameters);
  return SignsView(parameters, words, {});
}

void require_canonical(const PackedSigns& signs) {
  const std::size_t words = word_count(signs.parameters);
  PSEPHOS_CHECK(signs.signs.size() == words, "a sign plane of the wrong length");
  PSEPHOS_CHECK(signs.all_voted() || signs.voted.size() == words,
                "a voted plane of the wrong length");
  PSEPHOS_CHECK(!has_bits_past_end(signs.all_voted() ? signs.signs : signs.voted, signs.parameters),
                "packed signs with bits past the last parameter");
}

EncodedSigns encode_binary(const PackedSigns& signs) {
  EncodedSigns encoded{Encoding::kBinary, Bytes(signs.signs.size() * kWordBytes)};
  std::ranges::copy(std::as_bytes(std::span(signs.signs)),
                    std::as_writable_bytes(std::span(encoded.planes)).begin());
  return encoded;
}

}  // namespace

EncodedSigns encode(const PackedSigns& signs) {
  require_canonical(signs);
  const std::uint64_t voted = signs.voted_count();
  if (voted == signs.parameters) return encode_binary(signs);
  return {Encoding::kTernary, encode_ternary(signs, voted)};
}

Result<PackedSigns> decode(Encoding encoding, std::span<const std::uint8_t> planes,
                           std::size_t parameters) {
  switch (encoding) {
    case Encoding::kNone:
      return Error{"encoding none holds no signs; only a client that abstains as a whole sends it"};
    case Encoding::kBinary: {
      Result<Words> signs = read_binary(planes, parameters);
      if (!signs) return signs.error();
      return PackedSigns{parameters, *std::move(signs), {}};
    }
    case Encoding::kTernary: {
      Result<TernaryPlanes> read = read_ternary(planes, parameters);
      if (!read) return read.error();
      return unpack(*std::move(read), parameters);
    }
    case Encoding::kChange:
      return Error{"encoding change is for decisions; send binary or ternary planes"};
  }
  return Error{fmt::format("encoding {} is unknown; send binary or ternary planes",
                           static_cast<unsigned>(encoding))};
}

Result<HeldSigns> decode_held(Encoding encoding, std::span<const std::uint8_t> planes,
                              std::size_t parameters, std::shared_ptr<const void> keeper) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(planes.data()) % kWordBytes == 0;
  if (encoding == Encoding::kBinary && aligned) {
    const Result<SignsView> view = view_binary(planes, parameters);
    if (!view) return view.error();
    return HeldSigns{*view, std::move(keeper), parameters};
  }
  Result<PackedSigns> signs = decode(encoding, planes, parameters);
  if (!signs) return signs.error();
  const auto owned = std::make_shared<const PackedSigns>(*std::move(signs));
  return HeldSigns{*owned, owned, owned->voted_count()};
}

}  // namespace psephos
