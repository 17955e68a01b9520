#include "client/state/client_state.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/wire/limits.h"

namespace psephos::client {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'P', 'S', 'P', 'H', 'S', 'T', 'A', 'T'};
constexpr std::size_t kChecksumBytes = sizeof(XXH128_canonical_t);

// The bytes as they are; WIRE.md has the same table.
struct Header {
  std::array<std::uint8_t, 8> magic = kMagic;
  std::uint32_t version = kStateVersion;
  std::uint32_t parameters = 0;  // d; 0: a key alone, and zeros
  std::uint64_t total_bytes = 0;
  std::uint32_t seed = 0;
  std::uint32_t stream = 0;
  std::uint64_t run = 0;
  std::uint64_t tensors = 0;
  std::uint32_t epoch = 0;
  std::uint32_t checkpoint_bytes = 0;
  std::uint32_t momentum = 0;  // 0 or d
  std::uint8_t has_ballot = 0;
  std::uint8_t encoding = 0;
  std::uint16_t unused = 0;
  std::uint32_t planes_bytes = 0;
  float loss = 0;
  std::uint32_t samples = 0;
  std::uint32_t unused_too = 0;
};
static_assert(sizeof(Header) == 80 && std::is_trivially_copyable_v<Header>);

struct Checksum {
  XXH128_canonical_t bytes;

  explicit Checksum(std::span<const std::uint8_t> content) {
    XXH128_canonicalFromHash(&bytes, XXH3_128bits(content.data(), content.size()));
  }
};

void append(Bytes& bytes, const void* from, std::size_t size) {
  const auto* first = static_cast<const std::uint8_t*>(from);
  bytes.insert(bytes.end(), first, first + size);
}

// Everything but the checksum at the end.
std::size_t content_bytes(const Header& header) {
  return sizeof(Header) + header.checkpoint_bytes + std::size_t{4} * header.momentum +
         header.planes_bytes;
}

Error made_up() { return Error{"its parts do not go together: this program did not write it"}; }

Result<Header> read_header(std::span<const std::uint8_t> bytes) {
  Header header;
  if (bytes.size() < sizeof header.magic ||
      std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    return Error{"it is not the state of a client"};
  }
  if (bytes.size() < sizeof header + kChecksumBytes) return Error{"it is cut short"};
  std::memcpy(&header, bytes.data(), sizeof header);
  // Before anything that another version may have changed.
  if (header.version != kStateVersion) {
    return Error{
        fmt::format("its format is version {} and this program knows {}: it may come from "
                    "a newer Psephos",
                    header.version, kStateVersion)};
  }
  if (header.total_bytes != bytes.size()) {
    return Error{fmt::format("it is cut short or damaged: {} bytes, and its header says {}",
                             bytes.size(), header.total_bytes)};
  }
  const Checksum checksum(bytes.first(bytes.size() - kChecksumBytes));
  if (std::memcmp(&checksum.bytes, bytes.last(kChecksumBytes).data(), kChecksumBytes) != 0) {
    return Error{"it is damaged: its checksum does not match"};
  }
  if (content_bytes(header) + kChecksumBytes != bytes.size() ||
      header.parameters > kMaxParameters) {
    return made_up();
  }
  return header;
}

bool is_a_key_alone(Header header) {
  Header plain;
  plain.total_bytes = header.total_bytes;
  plain.seed = header.seed;
  plain.stream = header.stream;
  return std::memcmp(&header, &plain, sizeof plain) == 0;
}

Status read_replica(std::span<const std::uint8_t> checkpoint, std::size_t parameters,
                    RunState& state) {
  const auto header = read_checkpoint_header(checkpoint, parameters);
  if (!header || header->total_bytes() != checkpoint.size()) return made_up();
  state.x.resize(parameters);
  CheckpointLoader loader;
  const auto loaded = loader.load(checkpoint, 0, 1, checkpoint.size(), state.x);
  if (!loaded || fingerprint(state.x) != header->fingerprint) return made_up();
  state.standing.round = header->round;
  state.fingerprint = header->fingerprint;
  state.last = loader.last_decision();
  return Ok{};
}

Status read_momentum(std::span<const std::uint8_t> floats, RunState& state) {
  state.momentum.resize(floats.size() / sizeof(float));
  if (floats.empty()) return Ok{};
  std::memcpy(state.momentum.data(), floats.data(), floats.size());
  // Kernels ask for finite values.
  const bool finite = kernels::kernels().all_finite(state.momentum.data(), state.momentum.size());
  return finite ? Status(Ok{}) : Status(made_up());
}

Status read_ballot(const Header& header, std::span<const std::uint8_t> planes, RunState& state) {
  const auto encoding = static_cast<Encoding>(header.encoding);
  if (header.has_ballot == 0) {
    const bool nothing = header.encoding == 0 && planes.empty() && header.samples == 0 &&
                         std::bit_cast<std::uint32_t>(header.loss) == 0;
    return nothing ? Status(Ok{}) : Status(made_up());
  }
  const bool well_formed = encoding == Encoding::kNone
                               ? planes.empty()
                               : decode_held(encoding, planes, header.parameters, nullptr).ok();
  if (header.has_ballot != 1 || !std::isfinite(header.loss) || !well_formed) return made_up();
  auto content = std::make_shared<BallotContent>();
  content->votes = {encoding, Bytes(planes.begin(), planes.end())};
  content->loss = header.loss;
  content->samples = header.samples;
  state.standing.ballot = std::move(content);
  return Ok{};
}

}  // namespace

std::size_t max_state_bytes(std::size_t parameters) {
  return sizeof(Header) + wire::max_checkpoint_bytes(parameters) + 4 * parameters +
         wire::max_planes_bytes(parameters) + kChecksumBytes;
}

Bytes encode_state(const ClientState& state) {
  Header header;
  header.seed = state.key.seed;
  header.stream = state.key.stream;
  Bytes checkpoint;
  const BallotContent* ballot = nullptr;
  if (state.run) {
    const RunState& run = *state.run;
    PSEPHOS_CHECK(!run.x.empty(), "a state has parameters");
    PSEPHOS_CHECK(run.momentum.empty() || run.momentum.size() == run.x.size(),
                  "the momentum is of these parameters");
    std::optional<EncodedSigns> last;
    if (run.last) last = encode(*run.last);
    checkpoint =
        encode_checkpoint(run.standing.round, run.x, run.fingerprint, last ? &*last : nullptr);
    ballot = run.standing.ballot.get();
    header.parameters = static_cast<std::uint32_t>(run.x.size());
    header.run = run.standing.run;
    header.tensors = run.tensors;
    header.epoch = run.standing.epoch;
    header.checkpoint_bytes = static_cast<std::uint32_t>(checkpoint.size());
    header.momentum = static_cast<std::uint32_t>(run.momentum.size());
  }
  if (ballot) {
    header.has_ballot = 1;
    header.encoding = static_cast<std::uint8_t>(ballot->votes.encoding);
    header.planes_bytes = static_cast<std::uint32_t>(ballot->votes.planes.size());
    header.loss = ballot->loss;
    header.samples = ballot->samples;
  }
  header.total_bytes = content_bytes(header) + kChecksumBytes;

  Bytes bytes;
  bytes.reserve(header.total_bytes);
  append(bytes, &header, sizeof header);
  append(bytes, checkpoint.data(), checkpoint.size());
  if (state.run) append(bytes, state.run->momentum.data(), std::size_t{4} * header.momentum);
  if (ballot) append(bytes, ballot->votes.planes.data(), ballot->votes.planes.size());
  const Checksum checksum(bytes);
  append(bytes, &checksum.bytes, kChecksumBytes);
  return bytes;
}

Result<ClientState> decode_state(std::span<const std::uint8_t> bytes) {
  const auto header = read_header(bytes);
  if (!header) return header.error();
  ClientState state{{header->seed, header->stream}, {}};
  if (header->parameters == 0) {
    if (!is_a_key_alone(*header)) return made_up();
    return state;
  }
  if (header->run == 0 || header->unused != 0 || header->unused_too != 0 ||
      (header->momentum != 0 && header->momentum != header->parameters)) {
    return made_up();
  }
  RunState run;
  run.standing.run = header->run;
  run.standing.epoch = header->epoch;
  run.tensors = header->tensors;
  std::span<const std::uint8_t> rest = bytes.subspan(sizeof(Header));
  const auto next = [&rest](std::size_t size) {
    const auto part = rest.first(size);
    rest = rest.subspan(size);
    return part;
  };
  const auto checkpoint = next(header->checkpoint_bytes);
  const auto momentum = next(std::size_t{4} * header->momentum);
  const auto planes = next(header->planes_bytes);
  if (const Status read = read_replica(checkpoint, header->parameters, run); !read) {
    return read.error();
  }
  if (const Status read = read_momentum(momentum, run); !read) return read.error();
  if (const Status read = read_ballot(*header, planes, run); !read) return read.error();
  state.run = std::move(run);
  return state;
}

}  // namespace psephos::client
