#include "runtime/replica/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/replica/tensor_table.h"

namespace psephos {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {'P', 'S', 'C', 'K'};
constexpr std::uint32_t kVersion = 2;

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
                        const EncodedSigns* last, const RoundTerms& terms) {
  PSEPHOS_CHECK(!last || last->encoding != Encoding::kChange, "a checkpoint stands by itself");
  PSEPHOS_CHECK(check_round_terms(terms).ok(), "a round has terms that can be read");
  const std::size_t planes = last ? last->planes.size() : 0;
  const std::size_t scales_at = kCheckpointHeader + x.size_bytes() + planes;
  const std::span<const float> scales = terms.scales;
  Bytes bytes(scales_at + scales.size_bytes());
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  put(bytes.data() + 4, kVersion);
  put(bytes.data() + 8, round);
  put(bytes.data() + 12, static_cast<std::uint32_t>(x.size()));
  bytes[16] = static_cast<std::uint8_t>(last ? last->encoding : Encoding::kNone);
  put(bytes.data() + 20, static_cast<std::uint32_t>(planes));
  put(bytes.data() + 24, fingerprint);
  put(bytes.data() + 32, terms.local_lr);
  put(bytes.data() + 36, terms.batch);
  put(bytes.data() + 40, static_cast<std::uint32_t>(scales.size()));
  if (!x.empty()) std::memcpy(bytes.data() + kCheckpointHeader, x.data(), x.size_bytes());
  if (planes != 0) {
    std::memcpy(bytes.data() + kCheckpointHeader + x.size_bytes(), last->planes.data(), planes);
  }
  if (!scales.empty()) {
    std::memcpy(bytes.data() + scales_at, scales.data(), scales.size_bytes());
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
  header.local_lr = get<float>(bytes.data() + 32);
  header.batch = get<std::uint32_t>(bytes.data() + 36);
  header.scales = get<std::uint32_t>(bytes.data() + 40);
  if (header.parameters != parameters) {
    return Error{fmt::format("the checkpoint is of a model with {} parameters, this one has {}",
                             header.parameters, parameters)};
  }
  const std::size_t largest = 4 + 4 * word_count(parameters) + (parameters + 7) / 8;
  if (bytes[16] > static_cast<std::uint8_t>(Encoding::kTernary) || header.planes_bytes > largest) {
    return Error{"the checkpoint's last decision is malformed"};
  }
  header.encoding = static_cast<Encoding>(bytes[16]);
  if (header.scales > kMaxTensors) {
    return Error{fmt::format("the checkpoint has {} scales, and {} are the most", header.scales,
                             kMaxTensors)};
  }
  // The scales follow later; their values are checked when all of them are there.
  if (Status terms = check_round_terms({header.local_lr, header.batch, {}}); !terms) {
    return Error{"the checkpoint's terms: " + terms.error().text};
  }
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
    terms_ = {header_.local_lr, header_.batch, std::vector<float>(header_.scales)};
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
  const std::size_t planes_at = kCheckpointHeader + x.size_bytes();
  copy_overlap(bytes, received_, planes_at, planes_.data(), planes_.size());
  copy_overlap(bytes, received_, planes_at + planes_.size(),
               reinterpret_cast<std::uint8_t*>(terms_.scales.data()),
               terms_.scales.size() * sizeof(float));
  received_ += bytes.size();
  if (received_ < header_.total_bytes()) {
    next_chunk_ = chunk + 1;
    return false;
  }
  return complete(x.size());
}

Result<bool> CheckpointLoader::complete(std::size_t parameters) {
  if (Status terms = check_round_terms(terms_); !terms) {
    return Error{"the checkpoint's terms: " + terms.error().text};
  }
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
