#include <flatbuffers/flatbuffers.h>

#include "runtime/base/check.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
#include "runtime/wire/schema.h"
#include "runtime/wire/seal.h"
#include "runtime/wire/text.h"
#include "schemas/psephos_generated.h"

namespace psephos::wire {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

// Room for everything but planes in all frames of an ordinary round: no reallocation there.
constexpr std::size_t kInitialBytes = 512;

Frame finish(FlatBufferBuilder& builder, fb::Body type, Offset<void> body) {
  fb::FinishMessageBuffer(builder, fb::CreateMessage(builder, type, body));
  const std::uint8_t* bytes = builder.GetBufferPointer();
  return std::make_shared<const Bytes>(bytes, bytes + builder.GetSize());
}

// FlatBuffers aligns the length before a vector to 4 bytes, so planes are 4-byte aligned as well.
Offset<flatbuffers::Vector<std::uint8_t>> add_bytes(FlatBufferBuilder& builder,
                                                    std::span<const std::uint8_t> bytes) {
  return builder.CreateVector(bytes.data(), bytes.size());
}

Offset<flatbuffers::Vector<std::uint8_t>> add_planes(FlatBufferBuilder& builder,
                                                     std::span<const std::uint8_t> planes) {
  return planes.empty() ? 0 : add_bytes(builder, planes);
}

Offset<flatbuffers::Vector<float>> add_scales(FlatBufferBuilder& builder,
                                              const std::vector<float>& scales) {
  return scales.empty() ? 0 : builder.CreateVector(scales);
}

struct SealedDecision {
  Offset<fb::Decision> table;
  std::uint64_t seal = 0;
};

SealedDecision add_decision(FlatBufferBuilder& builder, const Decision& decision) {
  const CountedSlots& counted = decision.counted;
  const Bytes slot_bytes = encode_slots(counted.slots, counted.given);
  const auto planes = add_planes(builder, decision.planes);
  const auto scales = add_scales(builder, decision.next.scales);
  const auto steps = add_scales(builder, decision.steps);
  const auto slots = add_planes(builder, slot_bytes);
  Offset<flatbuffers::Vector<const fb::EarlierBallot*>> earlier;
  if (!counted.earlier.empty()) {
    std::vector<fb::EarlierBallot> entries;
    entries.reserve(counted.earlier.size());
    for (const EarlierBallot& one : counted.earlier) entries.emplace_back(one.slot, one.round);
    earlier = builder.CreateVectorOfStructs(entries);
  }
  const std::uint64_t seal = seal_of(decision, slot_bytes);
  const fb::DecisionHead head(
      decision.session, decision.run, decision.fingerprint, decision.round, decision.voters,
      decision.delta, decision.keep, static_cast<fb::Encoding>(decision.encoding), decision.vote,
      decision.evaluate, counted.counted ? fb::SlotList::Counted : fb::SlotList::Uncounted,
      counted.given, decision.next.local_lr, decision.next.batch, seal);
  return {fb::CreateDecision(builder, &head, planes, scales, steps, slots, earlier), seal};
}

Offset<fb::Hyperparameters> add_hyperparameters(FlatBufferBuilder& builder,
                                                const Hyperparameters& hyper) {
  const auto model = builder.CreateString(hyper.model);
  const auto worker = builder.CreateString(to_string(hyper.worker));
  const auto ballot = builder.CreateString(to_string(hyper.ballot));
  return fb::CreateHyperparameters(builder, model, worker, ballot, hyper.rounds, hyper.seed,
                                   hyper.local_steps, hyper.staleness,
                                   static_cast<fb::Audience>(hyper.audience), hyper.heartbeat_ms,
                                   hyper.normalisation.scale, hyper.normalisation.offset);
}

Frame build_one(const Join& join) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto name = builder.CreateString(join.name);
  const auto arithmetic = builder.CreateString(join.arithmetic);
  const auto schema = add_schema(builder, join.schema);
  const auto enrol = add_planes(builder, join.enrol);
  const auto body =
      fb::CreateJoin(builder, join.protocol_min, join.protocol_max, join.run, name, join.have_round,
                     join.epoch, join.fingerprint, arithmetic, join.samples, join.data_manifest,
                     schema, join.part, join.parts, enrol);
  Frame frame = finish(builder, fb::Body::Join, body.Union());
  PSEPHOS_CHECK(frame->size() <= kMaxJoinBytes, "a Join must fit its bound");
  return frame;
}

Frame build_one(const Ballot& ballot) {
  FlatBufferBuilder builder(kInitialBytes + ballot.planes.size());
  const auto planes = add_planes(builder, ballot.planes);
  const auto scales = add_scales(builder, ballot.scales);
  const fb::BallotHead head(ballot.session, ballot.run, ballot.round, ballot.samples, ballot.loss,
                            static_cast<fb::Encoding>(ballot.encoding));
  const auto body = fb::CreateBallot(builder, &head, planes, scales);
  return finish(builder, fb::Body::Ballot, body.Union());
}

Frame build_one(const CatchUp& request) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto body =
      fb::CreateCatchUp(builder, request.session, request.have_round, request.checkpoint,
                        request.chunk, static_cast<fb::CatchUpReason>(request.reason));
  return finish(builder, fb::Body::CatchUp, body.Union());
}

Frame build_one(const Evaluation& evaluation) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto body = fb::CreateEvaluation(builder, evaluation.session, evaluation.round,
                                         evaluation.loss, evaluation.accuracy, evaluation.samples);
  return finish(builder, fb::Body::Evaluation, body.Union());
}

Frame build_one(const Heartbeat& heartbeat) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto body = fb::CreateHeartbeat(builder, heartbeat.session, heartbeat.round);
  return finish(builder, fb::Body::Heartbeat, body.Union());
}

Frame build_one(const Leave& leave) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto body =
      fb::CreateLeave(builder, leave.session, static_cast<fb::LeaveReason>(leave.reason));
  return finish(builder, fb::Body::Leave, body.Union());
}

Frame build_one(const Welcome& welcome) {
  FlatBufferBuilder builder(kInitialBytes);
  std::vector<Offset<fb::Tensor>> entries;
  entries.reserve(welcome.tensors.size());
  for (const TensorEntry& tensor : welcome.tensors) {
    const auto name = builder.CreateString(tensor.name);
    entries.push_back(
        fb::CreateTensor(builder, name, tensor.offset, tensor.count, tensor.init_scale));
  }
  const auto tensors = builder.CreateVector(entries);
  const auto hyper = add_hyperparameters(builder, welcome.hyper);
  const auto scales = add_scales(builder, welcome.terms.scales);
  const auto terms = fb::CreateTerms(builder, welcome.terms.local_lr, welcome.terms.batch, scales);
  const auto schema = add_schema(builder, welcome.schema);
  Offset<flatbuffers::Vector<std::uint64_t>> digests;
  if (!welcome.digests.empty()) digests = builder.CreateVector(welcome.digests);
  Offset<flatbuffers::String> version;
  if (!welcome.version.empty()) version = builder.CreateString(welcome.version);
  const auto body = fb::CreateWelcome(
      builder, welcome.run, welcome.session, welcome.epoch, welcome.round, welcome.vote,
      welcome.evaluate, tensors, hyper, welcome.fingerprint, welcome.largest_frame,
      welcome.x0_given, terms, welcome.slot, schema, welcome.digest_key, digests, version);
  Frame frame = finish(builder, fb::Body::Welcome, body.Union());
  PSEPHOS_CHECK(frame->size() <= kMaxWelcomeBytes, "a Welcome must fit its bound");
  return frame;
}

Frame build_one(const Decision& decision) {
  FlatBufferBuilder builder(kInitialBytes + decision.planes.size());
  return finish(builder, fb::Body::Decision, add_decision(builder, decision).table.Union());
}

Frame build_one(const Past& past) {
  PSEPHOS_CHECK(past.decisions.empty() == past.chunk.has_value(),
                "a Past holds decisions or one chunk");
  PSEPHOS_CHECK(past.decisions.size() <= kMaxPastDecisions, "too many decisions in one Past");
  std::size_t planes_bytes = past.chunk ? past.chunk->bytes.size() : 0;
  for (const Decision& decision : past.decisions) planes_bytes += decision.planes.size();
  FlatBufferBuilder builder(kInitialBytes + planes_bytes);

  Offset<flatbuffers::Vector<Offset<fb::Decision>>> decisions;
  std::vector<std::uint64_t> seals;
  if (!past.decisions.empty()) {
    std::vector<Offset<fb::Decision>> entries;
    entries.reserve(past.decisions.size());
    seals.reserve(past.decisions.size());
    for (const Decision& decision : past.decisions) {
      PSEPHOS_CHECK(decision.counted == CountedSlots{}, "a Past lists no slots");
      const SealedDecision added = add_decision(builder, decision);
      entries.push_back(added.table);
      seals.push_back(added.seal);
    }
    decisions = builder.CreateVector(entries);
  }
  Offset<fb::CheckpointChunk> chunk;
  if (past.chunk) {
    const auto bytes = add_bytes(builder, past.chunk->bytes);
    chunk = fb::CreateCheckpointChunk(builder, past.chunk->round, past.chunk->fingerprint,
                                      past.chunk->chunk, past.chunk->chunks, bytes);
  }
  const auto body =
      fb::CreatePast(builder, past.session, decisions, chunk, past.have_round, past.counted_through,
                     past.round, past.vote, past.evaluate, seal_of(past, seals));
  return finish(builder, fb::Body::Past, body.Union());
}

Frame build_one(const Call& call) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto body = fb::CreateCall(builder, call.session, call.round);
  return finish(builder, fb::Body::Call, body.Union());
}

Frame build_one(const Finished& finished) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto body =
      fb::CreateFinished(builder, finished.session, finished.rounds, finished.fingerprint,
                         static_cast<fb::FinishReason>(finished.reason));
  return finish(builder, fb::Body::Finished, body.Union());
}

Frame build_one(const Refusal& refusal) {
  FlatBufferBuilder builder(kInitialBytes + kMaxRefusalText);
  const auto text = builder.CreateString(printable_text(refusal.text, kMaxRefusalText));
  const auto body =
      fb::CreateRefusal(builder, static_cast<fb::RefusalCode>(refusal.code), text, refusal.wait_ms,
                        refusal.of.body, refusal.of.round, refusal.of.chunk);
  return finish(builder, fb::Body::Refusal, body.Union());
}

// A table without fields, as an older reader sees any other.
Frame build_one(const UnknownMessage& unknown) {
  PSEPHOS_CHECK(unknown.type > static_cast<std::uint8_t>(fb::Body::MAX), "this message is known");
  FlatBufferBuilder builder(kInitialBytes);
  const auto start = builder.StartTable();
  const Offset<void> body(builder.EndTable(start));
  return finish(builder, static_cast<fb::Body>(unknown.type), body);
}

}  // namespace

Frame build(const ClientMessage& message) {
  return std::visit([](const auto& one) { return build_one(one); }, message);
}

Frame build(const CoordinatorMessage& message) {
  return std::visit([](const auto& one) { return build_one(one); }, message);
}

}  // namespace psephos::wire
