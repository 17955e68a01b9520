#include <flatbuffers/flatbuffers.h>

#include "runtime/base/check.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
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

Offset<fb::Decision> add_decision(FlatBufferBuilder& builder, const Decision& decision) {
  const auto planes = add_planes(builder, decision.planes);
  const auto scales = add_scales(builder, decision.scales);
  const fb::DecisionHead head(decision.session, decision.run, decision.fingerprint, decision.round,
                              decision.voters, decision.delta, decision.keep,
                              static_cast<fb::Encoding>(decision.encoding), decision.vote,
                              decision.evaluate);
  return fb::CreateDecision(builder, &head, planes, scales);
}

Offset<fb::Hyperparameters> add_hyperparameters(FlatBufferBuilder& builder,
                                                const Hyperparameters& hyper) {
  const auto model = builder.CreateString(hyper.model);
  return fb::CreateHyperparameters(
      builder, model, hyper.rounds, hyper.seed, static_cast<fb::Algorithm>(hyper.algorithm),
      hyper.beta, static_cast<fb::BallotKind>(hyper.ballot.kind), hyper.ballot.threshold,
      hyper.batch, hyper.local_steps, hyper.local_lr, hyper.staleness,
      static_cast<fb::Audience>(hyper.audience), hyper.heartbeat_ms, hyper.normalisation.scale,
      hyper.normalisation.offset);
}

Frame build_one(const Join& join) {
  FlatBufferBuilder builder(kInitialBytes);
  const auto name = builder.CreateString(join.name);
  const auto arithmetic = builder.CreateString(join.arithmetic);
  const auto body =
      fb::CreateJoin(builder, join.protocol_min, join.protocol_max, join.run, name, join.have_round,
                     join.epoch, join.fingerprint, arithmetic, join.samples, join.data_manifest);
  return finish(builder, fb::Body::Join, body.Union());
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
  const auto body = fb::CreateWelcome(builder, welcome.run, welcome.session, welcome.epoch,
                                      welcome.round, welcome.vote, welcome.evaluate, tensors, hyper,
                                      welcome.fingerprint, welcome.largest_frame, welcome.x0_given);
  Frame frame = finish(builder, fb::Body::Welcome, body.Union());
  PSEPHOS_CHECK(frame->size() <= kMaxWelcomeBytes, "a Welcome must fit its bound");
  return frame;
}

Frame build_one(const Decision& decision) {
  FlatBufferBuilder builder(kInitialBytes + decision.planes.size());
  return finish(builder, fb::Body::Decision, add_decision(builder, decision).Union());
}

Frame build_one(const Past& past) {
  PSEPHOS_CHECK(past.decisions.empty() == past.chunk.has_value(),
                "a Past holds decisions or one chunk");
  PSEPHOS_CHECK(past.decisions.size() <= kMaxPastDecisions, "too many decisions in one Past");
  std::size_t planes_bytes = past.chunk ? past.chunk->bytes.size() : 0;
  for (const Decision& decision : past.decisions) planes_bytes += decision.planes.size();
  FlatBufferBuilder builder(kInitialBytes + planes_bytes);

  Offset<flatbuffers::Vector<Offset<fb::Decision>>> decisions;
  if (!past.decisions.empty()) {
    std::vector<Offset<fb::Decision>> entries;
    entries.reserve(past.decisions.size());
    for (const Decision& decision : past.decisions) {
      entries.push_back(add_decision(builder, decision));
    }
    decisions = builder.CreateVector(entries);
  }
  Offset<fb::CheckpointChunk> chunk;
  if (past.chunk) {
    const auto bytes = add_bytes(builder, past.chunk->bytes);
    chunk = fb::CreateCheckpointChunk(builder, past.chunk->round, past.chunk->fingerprint,
                                      past.chunk->chunk, past.chunk->chunks, bytes);
  }
  const auto body = fb::CreatePast(builder, past.session, decisions, chunk);
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
      fb::CreateFinished(builder, finished.session, finished.rounds, finished.fingerprint);
  return finish(builder, fb::Body::Finished, body.Union());
}

Frame build_one(const Refusal& refusal) {
  FlatBufferBuilder builder(kInitialBytes + kMaxRefusalText);
  const auto text = builder.CreateString(printable_text(refusal.text, kMaxRefusalText));
  const auto body =
      fb::CreateRefusal(builder, static_cast<fb::RefusalCode>(refusal.code), text, refusal.wait_ms);
  return finish(builder, fb::Body::Refusal, body.Union());
}

}  // namespace

Frame build(const ClientMessage& message) {
  return std::visit([](const auto& one) { return build_one(one); }, message);
}

Frame build(const CoordinatorMessage& message) {
  return std::visit([](const auto& one) { return build_one(one); }, message);
}

}  // namespace psephos::wire
