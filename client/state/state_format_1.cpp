#include "client/state/state_format_1.h"

#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "client/state/state_parts.h"
#include "platforms/kernels/kernels.h"
#include "runtime/replica/fingerprint.h"

namespace psephos::client {
namespace {

constexpr std::uint32_t kFormat = 1;

struct Header {
  std::array<std::uint8_t, 8> magic = kStateMagic;
  std::uint32_t version = kFormat;
  std::uint32_t parameters = 0;  // d; 0: a key alone, and zeros
  std::uint64_t total_bytes = 0;
  std::uint32_t seed = 0;
  std::uint32_t stream = 0;
  std::uint64_t run = 0;
  std::uint64_t tensors = 0;
  std::uint32_t epoch = 0;
  std::uint32_t checkpoint_bytes = 0;
  std::uint32_t momentum = 0;  // floats: 0 or d
  std::uint8_t has_ballot = 0;
  std::uint8_t encoding = 0;
  std::uint16_t unused = 0;
  std::uint32_t planes_bytes = 0;
  float loss = 0;
  std::uint32_t samples = 0;
  std::uint32_t unused_too = 0;
};
static_assert(sizeof(Header) == kStateHeaderBytes && std::is_trivially_copyable_v<Header>);

// The checkpoints of that time, which had no terms: this, x, and the planes of the last decision.
struct Checkpoint {
  std::array<std::uint8_t, 4> magic = {};
  std::uint32_t version = 0;
  std::uint32_t round = 0;
  std::uint32_t parameters = 0;
  std::uint8_t encoding = 0;
  std::array<std::uint8_t, 3> unused = {};
  std::uint32_t planes_bytes = 0;
  std::uint64_t fingerprint = 0;
};
static_assert(sizeof(Checkpoint) == 32 && std::is_trivially_copyable_v<Checkpoint>);
constexpr std::array<std::uint8_t, 4> kCheckpointMagic = {'P', 'S', 'C', 'K'};

// Everything but the checksum at the end.
std::size_t content_bytes(const Header& header) {
  return sizeof header + header.checkpoint_bytes + std::size_t{4} * header.momentum +
         header.planes_bytes;
}

bool is_a_key_alone(const Header& header) {
  Header plain;
  plain.total_bytes = header.total_bytes;
  plain.seed = header.seed;
  plain.stream = header.stream;
  return std::memcmp(&header, &plain, sizeof plain) == 0;
}

Status read_last(const Checkpoint& header, std::span<const std::uint8_t> planes, RunState& state) {
  const auto encoding = static_cast<Encoding>(header.encoding);
  if (encoding == Encoding::kNone) {
    return planes.empty() ? Status(Ok{}) : Status(made_up_state());
  }
  if (encoding > Encoding::kTernary) return made_up_state();
  auto last = decode(encoding, planes, header.parameters);
  if (!last) return made_up_state();
  state.last = *std::move(last);
  return Ok{};
}

Status read_replica(std::span<const std::uint8_t> bytes, std::size_t parameters, RunState& state) {
  Checkpoint header;
  if (bytes.size() < sizeof header) return made_up_state();
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::size_t x_bytes = sizeof(float) * parameters;
  if (header.magic != kCheckpointMagic || header.version != kFormat ||
      header.parameters != parameters ||
      bytes.size() != sizeof header + x_bytes + header.planes_bytes) {
    return made_up_state();
  }
  state.x.resize(parameters);
  std::memcpy(state.x.data(), bytes.data() + sizeof header, x_bytes);
  if (fingerprint(state.x) != header.fingerprint) return made_up_state();
  state.standing.round = header.round;
  state.fingerprint = header.fingerprint;
  return read_last(header, bytes.last(header.planes_bytes), state);
}

Status read_momentum(std::span<const std::uint8_t> floats, RunState& state) {
  if (floats.empty()) return Ok{};
  AlignedVector<float> momentum(floats.size() / sizeof(float));
  std::memcpy(momentum.data(), floats.data(), floats.size());
  // Kernels ask for finite values.
  if (!kernels::kernels().all_finite(momentum.data(), momentum.size())) return made_up_state();
  state.rules.push_back({"signum.momentum", std::move(momentum)});
  return Ok{};
}

Result<RunState> read_run(const Header& header, std::span<const std::uint8_t> rest) {
  RunState run;
  run.standing.run = header.run;
  run.standing.epoch = header.epoch;
  run.tensors = header.tensors;
  const auto next = [&rest](std::size_t size) {
    const auto part = rest.first(size);
    rest = rest.subspan(size);
    return part;
  };
  const auto checkpoint = next(header.checkpoint_bytes);
  const auto momentum = next(std::size_t{4} * header.momentum);
  const auto planes = next(header.planes_bytes);
  if (const Status read = read_replica(checkpoint, header.parameters, run); !read) {
    return read.error();
  }
  if (const Status read = read_momentum(momentum, run); !read) return read.error();
  const KeptBallot kept{header.has_ballot, header.encoding, header.loss, header.samples};
  if (const Status read = read_kept_ballot(kept, header.parameters, planes, {}, run); !read) {
    return read.error();
  }
  return run;
}

}  // namespace

Result<ClientState> decode_state_format_1(std::span<const std::uint8_t> bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (const Status whole = check_whole(bytes, header.total_bytes); !whole) return whole.error();
  if (content_bytes(header) + kStateChecksumBytes != bytes.size()) return made_up_state();
  ClientState state{{header.seed, header.stream}, {}};
  if (header.parameters == 0) {
    if (!is_a_key_alone(header)) return made_up_state();
    return state;
  }
  if (header.parameters > kMaxParameters || header.run == 0 || header.unused != 0 ||
      header.unused_too != 0 || (header.momentum != 0 && header.momentum != header.parameters)) {
    return made_up_state();
  }
  auto run = read_run(header, bytes.subspan(sizeof header));
  if (!run) return run.error();
  state.run = *std::move(run);
  return state;
}

}  // namespace psephos::client
