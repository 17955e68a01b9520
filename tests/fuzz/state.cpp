// client/state/client_state.h with any bytes: as they are, and with the size and checksum that they
// ought to have, so that what stands behind those is read, too.

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "client/state/client_state.h"
#include "runtime/base/check.h"

namespace psephos::client {
namespace {

constexpr std::size_t kTotalBytesAt = 16;
constexpr std::size_t kChecksumBytes = 16;
constexpr std::size_t kSmallest = 96;

void try_state(std::span<const std::uint8_t> bytes) {
  const auto state = decode_state(bytes);
  if (!state) {
    PSEPHOS_CHECK(state.error().text.starts_with("it"), "a refusal says what it is");
    return;
  }
  PSEPHOS_CHECK(!state->run || state->run->x.size() * sizeof(float) < bytes.size(),
                "as many parameters as there are bytes for");
  const Bytes again = encode_state(*state);
  const auto same = decode_state(again);
  PSEPHOS_CHECK(same.ok() && encode_state(*same) == again, "what we write, we read");
}

void mend(Bytes& bytes) {
  const std::uint64_t size = bytes.size();
  std::memcpy(bytes.data() + kTotalBytesAt, &size, sizeof size);
  XXH128_canonical_t checksum;
  XXH128_canonicalFromHash(&checksum, XXH3_128bits(bytes.data(), size - kChecksumBytes));
  std::memcpy(bytes.data() + size - kChecksumBytes, &checksum, sizeof checksum);
}

}  // namespace
}  // namespace psephos::client

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  psephos::Bytes bytes(data, data + size);
  psephos::client::try_state(bytes);
  if (size < psephos::client::kSmallest) return 0;
  psephos::client::mend(bytes);
  psephos::client::try_state(bytes);
  return 0;
}
