// Tally::serialise and Tally::parse: a tally as bytes (layout: tally.h).

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/vote/tally.h"

namespace psephos {
namespace {

static_assert(std::endian::native == std::endian::little,
              "planes are copied as they lie in memory");

constexpr std::uint32_t kMagic = 0x59545350;  // "PSTY"
constexpr std::uint32_t kVersion = 1;

struct Header {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t parameters;
  std::uint32_t all_voters;
  std::uint32_t ternary_voters;
  std::uint32_t negative_planes;
  std::uint32_t voted_planes;
};
static_assert(sizeof(Header) == 28);

std::uint32_t planes_for(std::uint64_t maximum) {
  return static_cast<std::uint32_t>(std::bit_width(maximum));
}

Status check_header(const Header& header, std::size_t size, std::size_t parameters) {
  if (header.magic != kMagic) return Error{"not a tally: it does not start with PSTY"};
  if (header.version != kVersion) {
    return Error{fmt::format(
        "a tally of version {}, this program reads version {}: run the same release on both sides",
        header.version, kVersion)};
  }
  if (header.parameters != parameters) {
    return Error{fmt::format(
        "a tally of {} parameters, this run has {}: send it to the run it was counted for",
        header.parameters, parameters)};
  }
  const std::uint64_t voters = std::uint64_t{header.all_voters} + header.ternary_voters;
  if (voters > kMaxVoters) {
    return Error{fmt::format("a tally of {} voters, at most {} are possible: discard it", voters,
                             kMaxVoters)};
  }
  if (header.negative_planes != planes_for(voters) ||
      header.voted_planes != planes_for(header.ternary_voters)) {
    return Error{"a tally whose counters do not have the width of its voters: discard it"};
  }
  const std::uint64_t words =
      word_count(parameters) * (std::uint64_t{header.negative_planes} + header.voted_planes);
  if (size != sizeof(Header) + 4 * words) {
    return Error{fmt::format("a tally of {} bytes where its header promises {}: discard it", size,
                             sizeof(Header) + 4 * words)};
  }
  return Ok{};
}

// A bit-sliced counter as it is read: plane p is words p*W .. p*W+W-1.
using Planes = std::span<const std::uint32_t>;

bool bits_past_end(Planes planes, std::size_t parameters) {
  const std::size_t words = word_count(parameters);
  for (std::size_t plane = 0; plane < planes.size(); plane += words) {
    for (std::size_t w = parameters / kBlockParameters * kBlockWords; w < words; ++w) {
      if ((planes[plane + w] & ~valid_bits(w, parameters)) != 0) return true;
    }
  }
  return false;
}

// Wide enough for the sum of two counters of kMaxVoters.
constexpr std::size_t kSumBits = 22;
static_assert(2 * std::uint64_t{kMaxVoters} < std::uint64_t{1} << kSumBits);

// Is count > bound + constant anywhere? Bit-sliced: the sum by ripple carry, then the borrow that
// (sum - count) leaves behind.
bool exceeds(Planes count, Planes bound, std::uint32_t constant, std::size_t words) {
  for (std::size_t w = 0; w < words; ++w) {
    std::uint32_t carry = 0;
    std::uint32_t borrow = 0;
    for (std::size_t p = 0; p < kSumBits; ++p) {
      const std::size_t at = p * words + w;
      const std::uint32_t c = at < count.size() ? count[at] : 0;
      const std::uint32_t b = at < bound.size() ? bound[at] : 0;
      const std::uint32_t k = ((constant >> p) & 1) != 0 ? 0xFFFFFFFF : 0;
      const std::uint32_t sum = b ^ k ^ carry;
      carry = (b & k) | (carry & (b ^ k));
      borrow = (c & ~sum) | (borrow & ~(c ^ sum));
    }
    if (borrow != 0) return true;
  }
  return false;
}

}  // namespace

Bytes Tally::serialise() const {
  fold();
  const Header header = {.magic = kMagic,
                         .version = kVersion,
                         .parameters = static_cast<std::uint32_t>(parameters_),
                         .all_voters = all_voters_,
                         .ternary_voters = ternary_voters_,
                         .negative_planes = static_cast<std::uint32_t>(negative_.plane_count),
                         .voted_planes = static_cast<std::uint32_t>(voted_.plane_count)};
  const std::size_t negative_bytes = 4 * negative_.planes.size();
  const std::size_t voted_bytes = 4 * voted_.planes.size();
  Bytes bytes(sizeof(Header) + negative_bytes + voted_bytes);
  std::uint8_t* out = bytes.data();
  std::memcpy(out, &header, sizeof(Header));
  out += sizeof(Header);
  // memcpy from an empty vector's null pointer would be undefined, even of no bytes.
  if (negative_bytes > 0) std::memcpy(out, negative_.planes.data(), negative_bytes);
  out += negative_bytes;
  if (voted_bytes > 0) std::memcpy(out, voted_.planes.data(), voted_bytes);
  return bytes;
}

Result<Tally> Tally::parse(std::span<const std::uint8_t> bytes, std::size_t parameters) {
  Header header{};
  if (bytes.size() < sizeof(Header)) {
    return Error{
        fmt::format("a tally of {} bytes, shorter than its header: discard it", bytes.size())};
  }
  std::memcpy(&header, bytes.data(), sizeof(Header));
  if (Status status = check_header(header, bytes.size(), parameters); !status) {
    return status.error();
  }

  Tally tally(parameters);
  tally.all_voters_ = header.all_voters;
  tally.ternary_voters_ = header.ternary_voters;
  const std::size_t words = word_count(parameters);
  bytes = bytes.subspan(sizeof(Header));
  const auto read = [&](Counter& counter, std::size_t plane_count) {
    counter.plane_count = plane_count;
    counter.planes.resize(plane_count * words);
    const std::size_t size = 4 * counter.planes.size();
    if (size > 0) std::memcpy(counter.planes.data(), bytes.data(), size);
    bytes = bytes.subspan(size);
  };
  read(tally.negative_, header.negative_planes);
  read(tally.voted_, header.voted_planes);

  const Planes negative = tally.negative_.planes;
  const Planes voted = tally.voted_.planes;
  if (bits_past_end(negative, parameters) || bits_past_end(voted, parameters)) {
    return Error{"a tally with votes past its last parameter: discard it"};
  }
  if (exceeds(voted, {}, header.ternary_voters, words) ||
      exceeds(negative, voted, header.all_voters, words)) {
    return Error{"a tally that counts more votes than it had voters: discard it"};
  }
  return tally;
}

}  // namespace psephos
