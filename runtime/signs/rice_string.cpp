#include "runtime/signs/rice_string.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace psephos {
namespace {

constexpr std::size_t kCountBytes = sizeof(std::uint32_t);

// How many of `bytes` it takes to hold the first `ones` ones, the last of them in the last byte
// with only zeros above it; or nothing.
std::optional<std::size_t> bytes_with_ones(ByteSpan bytes, std::uint64_t ones) {
  std::size_t at = 0;
  for (std::uint64_t chunk; at + sizeof chunk <= bytes.size(); at += sizeof chunk) {
    std::memcpy(&chunk, bytes.data() + at, sizeof chunk);
    const auto here = static_cast<unsigned>(std::popcount(chunk));
    if (here >= ones) break;
    ones -= here;
  }
  for (; ones > 0; ++at) {
    if (at == bytes.size()) return std::nullopt;
    const auto here = static_cast<unsigned>(std::popcount(bytes[at]));
    if (here > ones) return std::nullopt;
    ones -= here;
  }
  return at;
}

}  // namespace

unsigned rice_parameter(std::uint64_t count, std::uint64_t places) {
  unsigned parameter = 0;
  while (parameter < kMaxRiceParameter && ((54 * count) << parameter) < 13 * (2 * places - count)) {
    ++parameter;
  }
  return parameter;
}

SizeBounds rice_size(std::uint64_t count, std::uint64_t places) {
  const unsigned parameter = rice_parameter(count, places);
  const std::size_t fixed = kCountBytes + bytes_for(count * parameter);
  // A quotient is a one and a zero for every 2^k of its gap, of which there may be none.
  const std::uint64_t zeros = ((places + 31) / 32 * 32 - count) >> parameter;
  return {fixed + bytes_for(count), fixed + bytes_for(count + zeros)};
}

void append_rice(std::span<const std::uint32_t> bits, std::uint64_t count, std::uint64_t places,
                 Bytes& out) {
  const unsigned parameter = rice_parameter(count, places);
  const std::size_t begin = out.size();
  const std::size_t remainders = begin + kCountBytes;
  const std::size_t quotients = remainders + bytes_for(count * parameter);
  const std::uint64_t zeros = (32 * std::uint64_t{bits.size()} - count) >> parameter;
  out.resize(quotients + bytes_for(count + zeros));
  const auto written = static_cast<std::uint32_t>(count);
  std::memcpy(out.data() + begin, &written, kCountBytes);
  out.resize(quotients + kernels::kernels().rice_encode(bits.data(), bits.size(), parameter,
                                                        out.data() + remainders,
                                                        out.data() + quotients));
}

Result<RiceString> read_rice(ByteSpan bytes, std::uint64_t places, std::optional<unsigned> said) {
  RiceString rice;
  if (bytes.size() < kCountBytes) return Error{"a Rice string ends within its count"};
  std::memcpy(&rice.count, bytes.data(), kCountBytes);
  if (rice.count > places) {
    return Error{
        fmt::format("a Rice string has {} places set, of {} there are", rice.count, places)};
  }
  const unsigned parameter = rice_parameter(rice.count, places);
  if (said && *said != parameter) {
    return Error{
        fmt::format("the header's Rice parameter k is {}, {} is wanted for {} of {} places", *said,
                    parameter, rice.count, places)};
  }
  const std::uint64_t remainder_bits = std::uint64_t{rice.count} * parameter;
  const std::size_t remainder_bytes = bytes_for(remainder_bits);
  const ByteSpan rest = bytes.subspan(kCountBytes);
  if (rest.size() < remainder_bytes) return Error{"a Rice string ends within its remainders"};
  if (remainder_bits % 8 != 0 && (rest[remainder_bytes - 1] >> (remainder_bits % 8)) != 0) {
    return Error{"the spare bits after the remainders of a Rice string are not all 0"};
  }
  const ByteSpan quotients = rest.subspan(remainder_bytes);
  const std::optional<std::size_t> quotient_bytes = bytes_with_ones(quotients, rice.count);
  if (!quotient_bytes) {
    return Error{fmt::format(
        "the quotients of a Rice string are not {} and zeros up to the next byte", rice.count)};
  }
  rice.code = {.remainders = rest.data(),
               .remainder_bytes = remainder_bytes,
               .quotients = quotients.data(),
               .quotient_bytes = *quotient_bytes,
               .parameter = parameter};
  rice.bytes = kCountBytes + remainder_bytes + *quotient_bytes;
  return rice;
}

Result<Words> decode_rice(const RiceString& rice, std::size_t words) {
  Words bits(words);
  if (!kernels::kernels().rice_decode(rice.code, bits.data(), words)) {
    return Error{"a Rice string has a gap that ends past the last parameter"};
  }
  return bits;
}

}  // namespace psephos
