#include "client/state/state_parts.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

namespace psephos::client {

std::array<std::uint8_t, kStateChecksumBytes> state_checksum(
    std::span<const std::uint8_t> content) {
  static_assert(sizeof(XXH128_canonical_t) == kStateChecksumBytes);
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(content.data(), content.size()));
  return std::bit_cast<std::array<std::uint8_t, kStateChecksumBytes>>(canonical);
}

Error made_up_state() {
  return Error{"its parts do not go together: this program did not write it"};
}

Status check_whole(std::span<const std::uint8_t> bytes, std::uint64_t total_bytes) {
  if (total_bytes != bytes.size()) {
    return Error{fmt::format("it is cut short or damaged: {} bytes, and its header says {}",
                             bytes.size(), total_bytes)};
  }
  const auto checksum = state_checksum(bytes.first(bytes.size() - kStateChecksumBytes));
  if (!std::ranges::equal(checksum, bytes.last(kStateChecksumBytes))) {
    return Error{"it is damaged: its checksum does not match"};
  }
  return Ok{};
}

Status read_kept_ballot(const KeptBallot& kept, std::size_t parameters,
                        std::span<const std::uint8_t> planes, std::span<const std::uint8_t> scales,
                        RunState& state) {
  const auto encoding = static_cast<Encoding>(kept.encoding);
  if (kept.has_ballot == 0) {
    const bool nothing = kept.encoding == 0 && planes.empty() && scales.empty() &&
                         kept.samples == 0 && std::bit_cast<std::uint32_t>(kept.loss) == 0;
    return nothing ? Status(Ok{}) : Status(made_up_state());
  }
  const bool well_formed = encoding == Encoding::kNone
                               ? planes.empty()
                               : decode_held(encoding, planes, parameters, nullptr).ok();
  if (kept.has_ballot != 1 || !std::isfinite(kept.loss) || !well_formed) return made_up_state();
  auto content = std::make_shared<BallotContent>();
  content->votes = {encoding, Bytes(planes.begin(), planes.end())};
  content->scales.resize(scales.size() / sizeof(float));
  if (!scales.empty()) std::memcpy(content->scales.data(), scales.data(), scales.size());
  const bool sane = std::ranges::all_of(
      content->scales, [](float scale) { return std::isfinite(scale) && scale >= 0; });
  if (!sane) return made_up_state();
  content->loss = kept.loss;
  content->samples = kept.samples;
  state.standing.ballot = std::move(content);
  return Ok{};
}

}  // namespace psephos::client
