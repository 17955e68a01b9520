#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
#include "runtime/wire/open_frame.h"
#include "runtime/wire/text.h"
#include "schemas/psephos_generated.h"

namespace psephos::wire {
namespace {

Result<TensorTable> read_tensors(
    const flatbuffers::Vector<flatbuffers::Offset<fb::Tensor>>& tensors) {
  if (tensors.size() > kMaxTensors) {
    return Error{fmt::format("the model has {} tensors and at most {} are allowed", tensors.size(),
                             kMaxTensors)};
  }
  TensorTable table;
  table.reserve(tensors.size());
  for (const fb::Tensor* tensor : tensors) {
    // Printable it has to be as well, which check_tensor_table sees to; this bounds the copies.
    if (tensor->name()->size() > kMaxTensorName) {
      return Error{fmt::format("the name of tensor {} has more than {} bytes", table.size(),
                               kMaxTensorName)};
    }
    table.push_back({.name = tensor->name()->str(),
                     .offset = tensor->offset(),
                     .count = tensor->count(),
                     .init_scale = tensor->init_scale()});
  }
  const Status checked = check_tensor_table(table, kMaxParameters);
  if (!checked) return checked.error();
  return table;
}

Result<Hyperparameters> read_hyperparameters(const fb::Hyperparameters& hyper) {
  const std::string_view model = hyper.model()->string_view();
  if (model.size() > kMaxModelBytes || !is_printable_ascii(model, true)) {
    return Error{fmt::format("the model's name has to be at most {} printable ASCII characters",
                             kMaxModelBytes)};
  }
  if (hyper.algorithm() > fb::Algorithm::MAX || hyper.ballot() > fb::BallotKind::MAX ||
      hyper.audience() > fb::Audience::MAX) {
    return Error{
        "the coordinator asks for a rule this version does not know: install the coordinator's "
        "version of Psephos"};
  }
  Hyperparameters value;
  value.model = model;
  value.rounds = hyper.rounds();
  value.seed = hyper.seed();
  value.algorithm = static_cast<Algorithm>(hyper.algorithm());
  value.beta = hyper.beta();
  value.ballot = {.kind = static_cast<BallotRule::Kind>(hyper.ballot()),
                  .threshold = hyper.threshold()};
  value.batch = hyper.batch();
  value.local_steps = hyper.local_steps();
  value.local_lr = hyper.local_lr();
  value.staleness = hyper.staleness();
  value.audience = static_cast<Audience>(hyper.audience());
  value.heartbeat_ms = hyper.heartbeat_ms();
  value.normalisation = {.scale = hyper.normalisation_scale(),
                         .offset = hyper.normalisation_offset()};
  const Status checked = check_hyperparameters(value);
  if (!checked) return checked.error();
  return value;
}

Result<CoordinatorMessage> read(const fb::Welcome& welcome, std::size_t frame_bytes,
                                std::size_t max_parameters) {
  if (frame_bytes > kMaxWelcomeBytes) {
    return Error{fmt::format("the Welcome has {} bytes and at most {} are allowed", frame_bytes,
                             kMaxWelcomeBytes)};
  }
  Result<TensorTable> tensors = read_tensors(*welcome.tensors());
  if (!tensors) return tensors.error();
  const std::size_t parameters = parameter_count(*tensors);
  if (parameters > max_parameters) {
    return Error{fmt::format(
        "too large: this model has {} parameters, --max-parameters is {}; raise it to take part",
        parameters, max_parameters)};
  }
  if (welcome.largest_frame() > client_max_frame(max_parameters)) {
    return Error{fmt::format(
        "too large: this run has frames of up to {} bytes, --max-parameters {} allows {}; raise it",
        welcome.largest_frame(), max_parameters, client_max_frame(max_parameters))};
  }
  Result<Hyperparameters> hyper = read_hyperparameters(*welcome.hyperparameters());
  if (!hyper) return hyper.error();
  Welcome value;
  value.run = welcome.run();
  value.session = welcome.session();
  value.epoch = welcome.epoch();
  value.round = welcome.round();
  value.vote = welcome.vote();
  value.evaluate = welcome.evaluate();
  value.tensors = *std::move(tensors);
  value.hyper = *std::move(hyper);
  value.fingerprint = welcome.fingerprint();
  value.largest_frame = welcome.largest_frame();
  value.x0_given = welcome.x0_given();
  return CoordinatorMessage{std::move(value)};
}

Result<Decision> read_decision(const fb::Decision& decision, std::size_t max_parameters) {
  const fb::DecisionHead& head = *decision.head();
  Decision value;
  value.planes = bytes_of(decision.planes());
  const auto encoding = static_cast<std::uint8_t>(head.encoding());
  const Status form = check_planes_form("decision", encoding, value.planes, max_parameters);
  if (!form) return form.error();
  value.encoding = static_cast<Encoding>(encoding);
  if (value.encoding == Encoding::kNone) {
    return Error{"a decision without planes decides nothing: an all-zero one is ternary"};
  }
  value.round = head.round();
  if (value.round == kNoRound) return Error{"the decision is of no round"};
  value.delta = head.delta();
  if (!std::isfinite(value.delta) || !(value.delta > 0)) {
    return Error{fmt::format("delta {} of decision {} has to be finite and positive", value.delta,
                             value.round)};
  }
  value.keep = head.keep();
  if (!(value.keep > 0 && value.keep <= 1)) {
    return Error{fmt::format("keep {} of decision {} has to be above 0 and at most 1", value.keep,
                             value.round)};
  }
  Result<std::vector<float>> scales = read_scales(decision.scales());
  if (!scales) return scales.error();
  value.scales = *std::move(scales);
  value.session = head.session();
  value.run = head.run();
  value.voters = head.voters();
  value.fingerprint = head.fingerprint();
  value.vote = head.vote();
  value.evaluate = head.evaluate();
  return value;
}

Result<CheckpointChunk> read_chunk(const fb::CheckpointChunk& chunk, std::size_t max_parameters) {
  CheckpointChunk value{.round = chunk.round(),
                        .fingerprint = chunk.fingerprint(),
                        .chunk = chunk.chunk(),
                        .chunks = chunk.chunks(),
                        .bytes = bytes_of(chunk.bytes())};
  const std::size_t most = chunk_count(max_checkpoint_bytes(max_parameters));
  if (value.chunks > most) {
    return Error{fmt::format("a checkpoint of {} chunks is too large for {} parameters: {} at most",
                             value.chunks, max_parameters, most)};
  }
  if (value.chunk >= value.chunks) {
    return Error{fmt::format("there is no chunk {} of {}", value.chunk, value.chunks)};
  }
  const bool last = value.chunk + 1 == value.chunks;
  const std::size_t bytes = value.bytes.size();
  if (bytes == 0 || bytes > kChunkBytes || (!last && bytes != kChunkBytes)) {
    return Error{fmt::format("chunk {} of {} has {} bytes, where {} {}", value.chunk, value.chunks,
                             bytes, kChunkBytes, last ? "are the most" : "belong")};
  }
  return value;
}

Result<CoordinatorMessage> read(const fb::Past& past, std::size_t frame_bytes,
                                std::size_t max_parameters) {
  const std::size_t count = past.decisions() == nullptr ? 0 : past.decisions()->size();
  if ((count == 0) == (past.chunk() == nullptr)) {
    return Error{"a Past has to hold either decisions or one chunk of a checkpoint"};
  }
  if (count > kMaxPastDecisions) {
    return Error{
        fmt::format("a Past of {} decisions, where {} are the most", count, kMaxPastDecisions)};
  }
  Past value;
  value.session = past.session();
  if (past.chunk() != nullptr) {
    const Result<CheckpointChunk> chunk = read_chunk(*past.chunk(), max_parameters);
    if (!chunk) return chunk.error();
    value.chunk = *chunk;
    return CoordinatorMessage{std::move(value)};
  }
  value.decisions.reserve(count);
  // Many tables may point at the same planes; a frame could then ask for a thousand times its size.
  std::size_t planes_bytes = 0;
  for (const fb::Decision* one : *past.decisions()) {
    Result<Decision> decision = read_decision(*one, max_parameters);
    if (!decision) return decision.error();
    if (!value.decisions.empty() && decision->round != value.decisions.back().round + 1) {
      return Error{fmt::format("decision {} follows {} in a Past: they have to be consecutive",
                               decision->round, value.decisions.back().round)};
    }
    planes_bytes += decision->planes.size();
    value.decisions.push_back(*std::move(decision));
  }
  if (planes_bytes > frame_bytes) return Error{"the decisions of a Past share their planes"};
  return CoordinatorMessage{std::move(value)};
}

Result<CoordinatorMessage> read(const fb::Refusal& refusal) {
  if (refusal.text()->size() > kMaxRefusalText) {
    return Error{fmt::format("the text of a Refusal has {} bytes and at most {} are allowed",
                             refusal.text()->size(), kMaxRefusalText)};
  }
  return CoordinatorMessage{
      Refusal{.code = static_cast<std::uint8_t>(refusal.code()),
              .text = printable_text(refusal.text()->string_view(), kMaxRefusalText),
              .wait_ms = std::min(refusal.wait_ms(), kMaxWaitMs)}};
}

}  // namespace

Result<CoordinatorMessage> read_coordinator_frame(std::span<const std::uint8_t> frame,
                                                  std::size_t max_parameters) {
  const Result<const fb::Message*> opened = open_frame(frame, client_max_frame(max_parameters));
  if (!opened) return opened.error();
  const fb::Message& message = **opened;
  switch (message.body_type()) {
    case fb::Body::Welcome:
      return read(*message.body_as_Welcome(), frame.size(), max_parameters);
    case fb::Body::Decision: {
      Result<Decision> decision = read_decision(*message.body_as_Decision(), max_parameters);
      if (!decision) return decision.error();
      return CoordinatorMessage{*std::move(decision)};
    }
    case fb::Body::Past:
      return read(*message.body_as_Past(), frame.size(), max_parameters);
    case fb::Body::Call: {
      const fb::Call& call = *message.body_as_Call();
      return CoordinatorMessage{Call{.session = call.session(), .round = call.round()}};
    }
    case fb::Body::Heartbeat: {
      const fb::Heartbeat& heartbeat = *message.body_as_Heartbeat();
      return CoordinatorMessage{
          Heartbeat{.session = heartbeat.session(), .round = heartbeat.round()}};
    }
    case fb::Body::Finished: {
      const fb::Finished& finished = *message.body_as_Finished();
      return CoordinatorMessage{Finished{.session = finished.session(),
                                         .rounds = finished.rounds(),
                                         .fingerprint = finished.fingerprint()}};
    }
    case fb::Body::Refusal:
      return read(*message.body_as_Refusal());
    default:
      return Error{fmt::format("a {} is for the coordinator, not for clients: check --connect",
                               body_word(message))};
  }
}

}  // namespace psephos::wire
