#pragma once
// Every message of the protocol as a plain value, and the three functions that turn values into
// frames and back (schemas/psephos.fbs, schemas/WIRE.md).
//
// A frame comes from anybody: reading checks the size, verifies the FlatBuffer, then checks every
// value again (finite floats, known enums, bounded strings and lists). What a reader returns may be
// trusted in form; whether it is *right* (session, round, planes that decode) is the state
// machines' business. Pure functions, thread-safe. Reading requires 8-byte-aligned bytes: frames
// are Bytes (64).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/signs/ballot_codec.h"

namespace psephos::wire {

// Stands before kProtocol because gcc takes its enumerator of that name for a shadow otherwise.
enum class RefusalCode : std::uint8_t {
  kMalformed = 1,
  kNotAllowed = 2,
  kRejoin = 3,
  kResend = 4,
  kOtherRun = 5,
  kProtocol = 6,
  kTooLarge = 7,
  kOtherData = 8,
  kBusy = 9,
};

inline constexpr std::uint16_t kProtocol = 2;
inline constexpr std::uint32_t kNoRound = 0xFFFFFFFF;  // "I hold no replica"
inline constexpr std::uint64_t kAnyRun = 0;

// ---- from client -------------------------------------------------------------------------------

struct Join {
  std::uint16_t protocol_min = kProtocol;
  std::uint16_t protocol_max = kProtocol;
  std::uint64_t run = kAnyRun;
  std::string name;                     // 1..64 bytes, printable ASCII without spaces
  std::uint32_t have_round = kNoRound;  // x_have_round is held
  std::uint32_t epoch = 0;
  std::uint64_t fingerprint = 0;  // of it
  std::string arithmetic;         // <= 128 bytes; e.g. "x86_64/eigen-3.4-sse2/portable"
  std::uint64_t samples = 0;
  std::uint64_t data_manifest =
      0;  // hash of the partition this client's part is of; 0: its own data
};

struct Ballot {
  std::uint64_t session = 0;
  std::uint64_t run = 0;
  std::uint32_t round = 0;
  Encoding encoding = Encoding::kNone;
  std::span<const std::uint8_t> planes;  // borrowed: lives as long as the frame
  float loss = 0;                        // mean over the batch; finite
  std::uint32_t samples = 0;             // in the batch
  std::vector<float> scales;             // rms of v per tensor; empty unless the run's rule asks
};

enum class CatchUpReason : std::uint8_t { kBehind = 0, kDiverged = 1, kNoState = 2 };

struct CatchUp {
  std::uint64_t session = 0;
  std::uint32_t have_round = kNoRound;
  std::uint32_t checkpoint = kNoRound;  // round of the checkpoint being fetched, once known
  std::uint32_t chunk = 0;              // of that checkpoint
  CatchUpReason reason = CatchUpReason::kBehind;
};

struct Evaluation {
  std::uint64_t session = 0;
  std::uint32_t round = 0;
  double loss = 0;
  double accuracy = 0;  // 0..1
  std::uint64_t samples = 0;
};

struct Heartbeat {  // echoed by the coordinator with its own round
  std::uint64_t session = 0;
  std::uint32_t round = kNoRound;  // from a client: the round whose fingerprint it has matched
};

enum class LeaveReason : std::uint8_t { kStopped = 0, kFinished = 1, kFailed = 2 };

struct Leave {
  std::uint64_t session = 0;
  LeaveReason reason = LeaveReason::kStopped;
};

// ---- from coordinator --------------------------------------------------------------------------

struct Welcome {
  std::uint64_t run = 0;
  std::uint64_t session = 0;
  std::uint32_t epoch = 0;
  std::uint32_t round = 0;  // open round
  bool vote = false;        // invited to vote in it
  bool evaluate = false;
  TensorTable tensors;
  Hyperparameters hyper;
  std::uint64_t fingerprint = 0;    // of x at `round`
  std::uint32_t largest_frame = 0;  // bytes; what the client must be able to receive
  bool x0_given = false;            // x_0 is not drawn from tensors and seed: take a checkpoint
};

struct Decision {
  std::uint64_t session = 0;
  std::uint64_t run = 0;
  std::uint32_t round = 0;  // turns x_round into x_{round+1}
  float delta = 0;          // finite, > 0
  float keep = 1;           // 0 < keep <= 1
  Encoding encoding = Encoding::kTernary;
  std::span<const std::uint8_t> planes;  // borrowed
  std::uint32_t voters = 0;
  std::uint64_t fingerprint = 0;  // of x_{round+1}
  std::vector<float> scales;      // next round's B per tensor; empty unless the rule asks
  bool vote = false;              // the receiver is invited to vote in round+1
  bool evaluate = false;          // the receiver is asked for an Evaluation of x_{round+1}
};

struct CheckpointChunk {
  std::uint32_t round = 0;        // the checkpoint is x_round and the rule's state
  std::uint64_t fingerprint = 0;  // of x_round
  std::uint32_t chunk = 0;        // this one, of
  std::uint32_t chunks = 0;
  std::span<const std::uint8_t> bytes;  // borrowed; checkpoint bytes chunk*kChunkBytes...
};

struct Past {
  std::uint64_t session = 0;        // the one that counts: those within `decisions` may be older
  std::vector<Decision> decisions;  // consecutive, ascending, at most kMaxPastDecisions; or
  std::optional<CheckpointChunk> chunk;  // exactly one of the two
};

struct Call {
  std::uint64_t session = 0;
  std::uint32_t round = 0;  // you are drawn: catch up and vote; or: send your ballot again
};

struct Finished {
  std::uint64_t session = 0;
  std::uint32_t rounds = 0;
  std::uint64_t fingerprint = 0;
};

struct Refusal {
  std::uint8_t code = 0;      // a code the receiver does not know is shown with its text
  std::string text;           // <= 512 bytes: what to do
  std::uint32_t wait_ms = 0;  // kBusy
};

using ClientMessage = std::variant<Join, Ballot, CatchUp, Evaluation, Heartbeat, Leave>;
using CoordinatorMessage =
    std::variant<Welcome, Decision, Past, Call, Heartbeat, Finished, Refusal>;

// ---- frames ------------------------------------------------------------------------------------

// The same message always gives the same bytes. Values must be what a reader would accept (ours
// are): a Welcome beyond kMaxWelcomeBytes or a Past that is not exactly one of its two kinds
// aborts. Only a Refusal's text is cut to its bound, because it may quote a stranger.
Frame build(const ClientMessage& message);
Frame build(const CoordinatorMessage& message);

// `parameters`: d of the run, bounding planes (a coordinator knows it). Spans point into `frame`.
Result<ClientMessage> read_client_frame(std::span<const std::uint8_t> frame,
                                        std::size_t parameters);

// `max_parameters`: the largest d this client accepts; a Refusal is readable whatever it is. Spans
// point into `frame`.
Result<CoordinatorMessage> read_coordinator_frame(std::span<const std::uint8_t> frame,
                                                  std::size_t max_parameters);

// The word of a refusal code ("rejoin"), or "code 42".
std::string refusal_word(std::uint8_t code);

// 1..kMaxNameBytes bytes of printable ASCII without spaces: what may name a client (Join).
Status check_name(std::string_view name);

}  // namespace psephos::wire
