#include "runtime/replica/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"

namespace psephos {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {'P', 'S', 'C', 'K'};
constexpr std::uint32_t kVersion = 1;

template <class T>
void put(std::uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <class T>
T get(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Copies the part of `bytes`, which lies at `offset` of the checkpoint, that falls into [begin,
// begin + size).
void copy_overlap(std::span<const std::uint8_t> bytes, std::size_t offset, std::size_t begin,
                  std::uint8_t* into, std::size_t size) {
  const std::size_t first = std::max(offset, begin);
  const std::size_t last = std::min(offset + bytes.size(), begin + size);
  if (first < last)
    std::memcpy(into + (first - begin), bytes.data() + (first - offset), last - first);
}

}  // namespace

Bytes encode_checkpoint(std::uint32_t round, std::span<const float> x, std::uint64_t fingerprint,
                        const EncodedSigns* last) {
  PSEPHOS_CHECK(!last || last->encoding != Encoding::kChange, "a checkpoint stands by itself");
  const std::size_t planes = last ? last->planes.size() : 0;
  Bytes bytes(kCheckpointHeader + x.size_bytes() + planes);
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  put(bytes.data() + 4, kVersion);
  put(bytes.data() + 8, round);
  put(bytes.data() + 12, static_cast<std::uint32_t>(x.size()));
  bytes[16] = static_cast<std::uint8_t>(last ? last->encoding : Encoding::kNone);
  put(bytes.data() + 20, static_cast<std::uint32_t>(planes));
  put(bytes.data() + 24, fingerprint);
  if (!x.empty()) std::memcpy(bytes.data() + kCheckpointHeader, x.data(), x.size_bytes());
  if (planes != 0) {
    std::memcpy(bytes.data() + kCheckpointHeader + x.size_bytes(), last->planes.data(), planes);
  }
  return bytes;
}

Result<CheckpointHeader> read_checkpoint_header(std::span<const std::uint8_t> bytes,
                                                std::size_t parameters) {
  if (bytes.size() < kCheckpointHeader ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    return Error{"this is not a checkpoint"};
  }
  if (const auto version = get<std::uint32_t>(bytes.data() + 4); version != kVersion) {
    return Error{
        fmt::format("checkpoint format {} is not known here (known: {})", version, kVersion)};
  }
  CheckpointHeader header;
  header.round = get<std::uint32_t>(bytes.data() + 8);
  header.parameters = get<std::uint32_t>(bytes.data() + 12);
  header.planes_bytes = get<std::uint32_t>(bytes.data() + 20);
  header.fingerprint = get<std::uint64_t>(bytes.data() + 24);
  if (header.parameters != parameters) {
    return Error{fmt::format("the checkpoint is of a model with {} parameters, this one has {}",
                             header.parameters, parameters)};
  }
  const std::size_t largest = 4 + 4 * word_count(parameters) + (parameters + 7) / 8;
  if (bytes[16] > static_cast<std::uint8_t>(Encoding::kTernary) || header.planes_bytes > largest) {
    return Error{"the checkpoint's last decision is malformed"};
  }
  header.encoding = static_cast<Encoding>(bytes[16]);
  return header;
}

Result<bool> CheckpointLoader::load(std::span<const std::uint8_t> bytes, std::uint32_t chunk,
                                    std::uint32_t chunks, std::size_t chunk_bytes,
                                    std::span<float> x) {
  // Until this chunk has been found good, none may follow it.
  const std::uint32_t next_chunk = std::exchange(next_chunk_, 0);
  if (chunk == 0) {
    const auto header = read_checkpoint_header(bytes, x.size());
    if (!header) return header.error();
    header_ = *header;
    received_ = 0;
    last_decision_.reset();
    planes_.assign(header_.planes_bytes, 0);
  }
  const std::size_t expected =
      chunk + 1 < chunks ? chunk_bytes
                         : header_.total_bytes() - std::min(received_, header_.total_bytes());
  if ((chunk != 0 && chunk != next_chunk) || bytes.size() != expected ||
      received_ + bytes.size() > header_.total_bytes() ||
      (chunk + 1 == chunks) != (received_ + bytes.size() == header_.total_bytes())) {
    return Error{fmt::format("chunk {} of {} does not continue the checkpoint", chunk, chunks)};
  }
  auto* floats = reinterpret_cast<std::uint8_t*>(x.data());
  copy_overlap(bytes, received_, kCheckpointHeader, floats, x.size_bytes());
  copy_overlap(bytes, received_, kCheckpointHeader + x.size_bytes(), planes_.data(),
               planes_.size());
  received_ += bytes.size();
  if (received_ < header_.total_bytes()) {
    next_chunk_ = chunk + 1;
    return false;
  }
  return complete(x.size());
}

Result<bool> CheckpointLoader::complete(std::size_t parameters) {
  if (header_.encoding == Encoding::kNone) {
    if (planes_.empty()) return true;
    return Error{"the checkpoint's last decision is malformed"};
  }
  Result<PackedSigns> last = decode(header_.encoding, planes_, parameters);
  if (!last) return last.error();
  last_decision_ = *std::move(last);
  return true;
}

}  // namespace psephos
