#include "client/state/client_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "client/state/state_format_1.h"
#include "client/state/state_parts.h"
#include "runtime/base/check.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/wire/limits.h"

namespace psephos::client {
namespace {

// The bytes as they are; WIRE.md has the same table.
struct Header {
  std::array<std::uint8_t, 8> magic = kStateMagic;
  std::uint32_t version = kStateVersion;
  std::uint32_t parameters = 0;  // d; 0: a key alone, and zeros
  std::uint64_t total_bytes = 0;
  std::uint32_t seed = 0;
  std::uint32_t stream = 0;
  std::uint64_t run = 0;
  std::uint64_t tensors = 0;
  std::uint32_t epoch = 0;
  std::uint32_t checkpoint_bytes = 0;
  std::uint32_t rules_bytes = 0;
  std::uint8_t has_ballot = 0;
  std::uint8_t encoding = 0;
  std::uint16_t unused = 0;
  std::uint32_t planes_bytes = 0;
  float loss = 0;
  std::uint32_t samples = 0;
  std::uint32_t scales = 0;  // floats: of the ballot
};
static_assert(sizeof(Header) == kStateHeaderBytes && std::is_trivially_copyable_v<Header>);

void append(Bytes& bytes, const void* from, std::size_t size) {
  const auto* first = static_cast<const std::uint8_t*>(from);
  bytes.insert(bytes.end(), first, first + size);
}

// Everything but the checksum at the end.
std::size_t content_bytes(const Header& header) {
  return sizeof(Header) + header.checkpoint_bytes + header.rules_bytes + header.planes_bytes +
         std::size_t{4} * header.scales;
}

Result<Header> read_header(std::span<const std::uint8_t> bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (const Status whole = check_whole(bytes, header.total_bytes); !whole) return whole.error();
  if (content_bytes(header) + kStateChecksumBytes != bytes.size() ||
      header.parameters > kMaxParameters) {
    return made_up_state();
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
  if (!header || header->total_bytes() != checkpoint.size()) return made_up_state();
  state.x.resize(parameters);
  CheckpointLoader loader;
  const auto loaded = loader.load(checkpoint, 0, 1, checkpoint.size(), state.x);
  if (!loaded || fingerprint(state.x) != header->fingerprint) return made_up_state();
  state.standing.round = header->round;
  state.fingerprint = header->fingerprint;
  state.last = loader.last_decision();
  state.terms = loader.terms();
  return Ok{};
}

Status read_rules(std::span<const std::uint8_t> bytes, std::size_t parameters, RunState& state) {
  auto rules = take_state(bytes, parameters);
  if (!rules || !bytes.empty()) return made_up_state();
  state.rules = *std::move(rules);
  return Ok{};
}

Result<ClientState> decode_state_format_2(std::span<const std::uint8_t> bytes) {
  const auto header = read_header(bytes);
  if (!header) return header.error();
  ClientState state{{header->seed, header->stream}, {}};
  if (header->parameters == 0) {
    if (!is_a_key_alone(*header)) return made_up_state();
    return state;
  }
  if (header->run == 0 || header->unused != 0 || header->scales > kMaxTensors)
    return made_up_state();
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
  const auto rules = next(header->rules_bytes);
  const auto planes = next(header->planes_bytes);
  const auto scales = next(std::size_t{4} * header->scales);
  if (const Status read = read_replica(checkpoint, header->parameters, run); !read) {
    return read.error();
  }
  if (const Status read = read_rules(rules, header->parameters, run); !read) return read.error();
  const KeptBallot kept{header->has_ballot, header->encoding, header->loss, header->samples};
  const Status read = read_kept_ballot(kept, header->parameters, planes, scales, run);
  if (!read) return read.error();
  state.run = std::move(run);
  return state;
}

}  // namespace

std::size_t max_state_bytes(std::size_t parameters) {
  return sizeof(Header) + wire::max_checkpoint_bytes(parameters) +
         max_rule_state_bytes(parameters) + wire::max_planes_bytes(parameters) + 4 * kMaxTensors +
         kStateChecksumBytes;
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
    std::optional<EncodedSigns> last;
    if (run.last) last = encode(*run.last);
    checkpoint = encode_checkpoint(run.standing.round, run.x, run.fingerprint,
                                   last ? &*last : nullptr, run.terms);
    ballot = run.standing.ballot.get();
    header.parameters = static_cast<std::uint32_t>(run.x.size());
    header.run = run.standing.run;
    header.tensors = run.tensors;
    header.epoch = run.standing.epoch;
    header.checkpoint_bytes = static_cast<std::uint32_t>(checkpoint.size());
    header.rules_bytes = static_cast<std::uint32_t>(state_bytes(run.rules));
  }
  if (ballot) {
    header.has_ballot = 1;
    header.encoding = static_cast<std::uint8_t>(ballot->votes.encoding);
    header.planes_bytes = static_cast<std::uint32_t>(ballot->votes.planes.size());
    header.loss = ballot->loss;
    header.samples = ballot->samples;
    header.scales = static_cast<std::uint32_t>(ballot->scales.size());
  }
  header.total_bytes = content_bytes(header) + kStateChecksumBytes;

  Bytes bytes;
  bytes.reserve(header.total_bytes);
  append(bytes, &header, sizeof header);
  append(bytes, checkpoint.data(), checkpoint.size());
  if (state.run) append_state(state.run->rules, bytes);
  if (ballot) {
    append(bytes, ballot->votes.planes.data(), ballot->votes.planes.size());
    append(bytes, ballot->scales.data(), std::size_t{4} * header.scales);
  }
  const auto checksum = state_checksum(bytes);
  append(bytes, checksum.data(), checksum.size());
  return bytes;
}

Result<ClientState> decode_state(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kStateMagic.size() ||
      !std::equal(kStateMagic.begin(), kStateMagic.end(), bytes.begin())) {
    return Error{"it is not the state of a client"};
  }
  if (bytes.size() < kStateHeaderBytes + kStateChecksumBytes) return Error{"it is cut short"};
  std::uint32_t format = 0;
  std::memcpy(&format, bytes.data() + kStateMagic.size(), sizeof format);
  switch (format) {
    case 1:
      return decode_state_format_1(bytes);
    case kStateVersion:
      return decode_state_format_2(bytes);
    default:
      return Error{
          fmt::format("its format is version {} and this program knows 1 to {}: it may come from "
                      "a newer Psephos",
                      format, kStateVersion)};
  }
}

}  // namespace psephos::client
