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
#include "runtime/replica/round_terms.h"
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
  kPending = 10,
};

inline constexpr std::uint16_t kProtocol = 3;
inline constexpr std::uint32_t kNoRound = 0xFFFFFFFF;  // "I hold no replica"
inline constexpr std::uint64_t kAnyRun = 0;

// What the samples are. What is absent is not known.
struct DataSchema {
  std::vector<std::string> columns = {};  // names of a table's feature columns, in order
  std::uint64_t columns_hash = 0;  // of the names, where they are longer than kMaxColumnBytes
  std::uint32_t rows = 0;          // of an image; 0: the samples are no images
  std::uint32_t image_columns = 0;
  std::uint32_t channels = 0;
  std::vector<std::string> classes = {};  // names, class 0 first
  // Input = value*scale + offset, feature by feature; both or neither, and in Welcome alone.
  std::vector<float> feature_scales = {};
  std::vector<float> feature_offsets = {};
  bool operator==(const DataSchema&) const = default;
};

// columns_hash of these names. Only names that are too long to travel are told by it.
std::uint64_t hash_of_columns(std::span<const std::string> names);

// A frame whose message this version does not know: a later version's, that is answered with
// nothing.
struct UnknownMessage {
  std::uint8_t type = 0;  // its number in the schema's Body
};

// ---- from client -------------------------------------------------------------------------------

struct Join {
  std::uint16_t protocol_min = kProtocol;
  std::uint16_t protocol_max = kProtocol;
  std::uint64_t run = kAnyRun;
  std::string name = {};                // 1..64 bytes, printable ASCII without spaces
  std::uint32_t have_round = kNoRound;  // x_have_round is held
  std::uint32_t epoch = 0;
  std::uint64_t fingerprint = 0;  // of it
  std::string arithmetic = {};    // <= 128 bytes; e.g. "x86_64/eigen-3.4-sse2/portable"
  std::uint64_t samples = 0;
  std::uint64_t data_manifest = 0;  // hash of the partition that its part is of; 0: its own data
  DataSchema schema = {};
  std::uint32_t part = 0;  // counted from 1; 0: no part of a partition
  std::uint32_t parts = 0;
  Bytes enrol = {};  // a public key of kEnrolBytes that asks to be listed, or empty
};

struct Ballot {
  std::uint64_t session = 0;
  std::uint64_t run = 0;
  std::uint32_t round = 0;
  Encoding encoding = Encoding::kNone;
  std::span<const std::uint8_t> planes = {};  // borrowed: lives as long as the frame
  float loss = 0;                             // mean over the batch; finite
  std::uint32_t samples = 0;                  // in the batch
  std::vector<float> scales = {};  // rms of v per tensor; empty unless the run's rule asks
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
  TensorTable tensors = {};
  Hyperparameters hyper = {};
  std::uint64_t fingerprint = 0;    // of x at `round`
  std::uint32_t largest_frame = 0;  // bytes; what the client must be able to receive
  bool x0_given = false;            // x_0 is not drawn from tensors and seed: take a checkpoint
  RoundTerms terms = {};            // of the open round
  std::uint32_t slot = 0;           // this client's number in lists of slots, for this session
  DataSchema schema = {};           // of the run's data, as far as it has one
  std::uint64_t digest_key = 0;
  std::vector<std::uint64_t> digests = {};  // of held-back samples under that key, for the client
  std::string version = {};                 // the coordinator's Psephos ("0.3.0")
};

// A ballot of an earlier round that a decision counts.
struct EarlierBallot {
  std::uint32_t slot = 0;
  std::uint32_t round = 0;
  bool operator==(const EarlierBallot&) const = default;
};

// Whose ballots a decision counts, by slot: of those invited to its round, the ones that it counts
// or the ones that it does not, whichever are fewer; and ballots of earlier rounds, all of them.
struct CountedSlots {
  bool counted = false;                   // `slots` are those counted; else those not counted
  std::uint32_t given = 0;                // slots that the session has given so far: 0 to given-1
  std::vector<std::uint32_t> slots = {};  // ascending, below `given`
  std::vector<EarlierBallot> earlier =
      {};  // ascending by slot, below `given`; before the decision's
  bool operator==(const CountedSlots&) const = default;
};

struct Decision {
  std::uint64_t session = 0;
  std::uint64_t run = 0;
  std::uint32_t round = 0;  // turns x_round into x_{round+1}
  float delta = 0;          // finite, > 0; where there are steps, >= 0 and for the record alone
  float keep = 1;           // 0 < keep <= 1
  Encoding encoding = Encoding::kTernary;
  std::span<const std::uint8_t> planes = {};  // borrowed
  std::uint32_t voters = 0;
  std::uint64_t fingerprint = 0;  // of x_{round+1}
  std::vector<float> steps = {};  // one per tensor in place of delta, finite, >= 0; or empty
  RoundTerms next = {};           // of round+1
  CountedSlots counted = {};      // none within a Past: counted_through is told instead
  bool vote = false;              // the receiver is invited to vote in round+1
  bool evaluate = false;          // the receiver is asked for an Evaluation of x_{round+1}
};

struct CheckpointChunk {
  std::uint32_t round = 0;        // the checkpoint is of x_round
  std::uint64_t fingerprint = 0;  // of x_round
  std::uint32_t chunk = 0;        // this one, of
  std::uint32_t chunks = 0;
  std::span<const std::uint8_t> bytes = {};  // borrowed; checkpoint bytes chunk*kChunkBytes...
};

struct Past {
  std::uint64_t session = 0;  // the one that counts: those within `decisions` say nothing
  std::vector<Decision> decisions = {};  // consecutive, ascending, at most kMaxPastDecisions; or
  std::optional<CheckpointChunk> chunk = {};  // exactly one of the two
  std::uint32_t have_round = kNoRound;        // as the CatchUp said it
  // have_round, if the asker's ballot of that round was counted; where it is none, the round of the
  // asker's newest counted ballot; else none.
  std::uint32_t counted_through = kNoRound;
  std::uint32_t round = 0;  // the open one, and of it:
  bool vote = false;        // the asker is invited to vote
  bool evaluate = false;    // the asker is asked for an Evaluation
};

struct Call {
  std::uint64_t session = 0;
  std::uint32_t round = 0;  // you are drawn: catch up and vote; or: send your ballot again
};

// kDone: all rounds are decided. kStopped: the coordinator was stopped and its ledger goes on with
// the run: come back. kInterrupted: it was stopped, and the run ends here.
enum class FinishReason : std::uint8_t { kDone = 0, kStopped = 1, kInterrupted = 2 };

struct Finished {
  std::uint64_t session = 0;
  std::uint32_t rounds = 0;
  std::uint64_t fingerprint = 0;
  FinishReason reason = FinishReason::kDone;
};

// The frame that a Refusal answers: the number of its message in the schema's Body, 0 where it
// could not be read; its round, if it has one; its chunk.
inline constexpr std::uint8_t kJoinBody = 1;
inline constexpr std::uint8_t kBallotBody = 2;

struct RefusedFrame {
  std::uint8_t body = 0;
  std::uint32_t round = kNoRound;
  std::uint32_t chunk = 0;
  bool operator==(const RefusedFrame&) const = default;
};

struct Refusal {
  std::uint8_t code = 0;      // a code the receiver does not know is shown with its text
  std::string text = {};      // <= 512 bytes: what to do
  std::uint32_t wait_ms = 0;  // kBusy
  RefusedFrame of = {};
};

using ClientMessage =
    std::variant<Join, Ballot, CatchUp, Evaluation, Heartbeat, Leave, UnknownMessage>;
using CoordinatorMessage =
    std::variant<Welcome, Decision, Past, Call, Heartbeat, Finished, Refusal, UnknownMessage>;

// ---- frames ------------------------------------------------------------------------------------

// The same message always gives the same bytes. Values must be what a reader would accept (ours
// are): a Join or a Welcome beyond its bound, a Past that is not exactly one of its two kinds, or
// slots out of order abort. Only a Refusal's text is cut to its bound, because it may quote a
// stranger. Decisions and Pasts are sealed here.
Frame build(const ClientMessage& message);
Frame build(const CoordinatorMessage& message);

// `parameters`: d of the run, bounding planes (a coordinator knows it). Spans point into `frame`.
Result<ClientMessage> read_client_frame(std::span<const std::uint8_t> frame,
                                        std::size_t parameters);

// `max_parameters`: the largest d this client accepts; a Refusal is readable whatever it is. Spans
// point into `frame`.
Result<CoordinatorMessage> read_coordinator_frame(std::span<const std::uint8_t> frame,
                                                  std::size_t max_parameters);

// What a Refusal says of the frame that it answers, as far as the frame can be read: also one that
// a reader refuses for a value. `round`: of a Join or a CatchUp the one held, or, where a
// checkpoint is asked for, that.
RefusedFrame refused_frame(std::span<const std::uint8_t> frame);

// The word of a refusal code ("rejoin"), or "code 42".
std::string refusal_word(std::uint8_t code);

// 1..kMaxNameBytes bytes of printable ASCII without spaces: what may name a client (Join).
Status check_name(std::string_view name);

}  // namespace psephos::wire
