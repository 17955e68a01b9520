#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
#include "runtime/wire/open_frame.h"
#include "runtime/wire/schema.h"
#include "runtime/wire/seal.h"
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

// What a client of this version cannot obey, and ignoring it would give other parameters.
Error cannot_obey(std::string_view what, std::string_view version) {
  return Error{fmt::format(
      "this version of Psephos cannot do what the run asks for ({}): install the coordinator's "
      "version{}{}",
      what, version.empty() ? "" : ", ", version)};
}

Result<std::string_view> read_rule(const char* whose, const flatbuffers::String& words) {
  const std::string_view text = words.string_view();
  if (text.size() > kMaxRuleBytes || !is_printable_ascii(text, true)) {
    return Error{fmt::format("the {}'s rule has to be at most {} printable ASCII characters", whose,
                             kMaxRuleBytes)};
  }
  return text;
}

Result<Hyperparameters> read_hyperparameters(const fb::Hyperparameters& hyper,
                                             std::string_view version) {
  const std::string_view model = hyper.model()->string_view();
  if (model.size() > kMaxModelBytes || !is_printable_ascii(model, true)) {
    return Error{fmt::format("the model's name has to be at most {} printable ASCII characters",
                             kMaxModelBytes)};
  }
  const Result<std::string_view> worker = read_rule("worker", *hyper.worker());
  if (!worker) return worker.error();
  const Result<std::string_view> ballot = read_rule("ballot", *hyper.ballot());
  if (!ballot) return ballot.error();
  if (hyper.audience() > fb::Audience::MAX) {
    return cannot_obey(fmt::format("audience {}", static_cast<unsigned>(hyper.audience())),
                       version);
  }
  if (hyper.noise() != 0 || hyper.noise_purpose() != 0) {
    return cannot_obey("exploration noise", version);
  }
  Hyperparameters value;
  value.model = model;
  value.rounds = hyper.rounds();
  value.seed = hyper.seed();
  auto worker_rule = parse_worker_rule(*worker);
  if (!worker_rule) return cannot_obey(worker_rule.error().text, version);
  auto ballot_rule = parse_ballot_rule(*ballot);
  if (!ballot_rule) return cannot_obey(ballot_rule.error().text, version);
  value.worker = *std::move(worker_rule);
  value.ballot = *std::move(ballot_rule);
  value.local_steps = hyper.local_steps();
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
  const std::string_view version =
      welcome.version() == nullptr ? std::string_view() : welcome.version()->string_view();
  if (version.size() > kMaxVersionBytes || !is_printable_ascii(version, true)) {
    return Error{fmt::format("the version has to be at most {} printable ASCII characters",
                             kMaxVersionBytes)};
  }
  const fb::Terms& offered = *welcome.terms();
  Result<RoundTerms> terms = read_terms(offered.local_lr(), offered.batch(), offered.scales());
  if (!terms) return terms.error();
  Result<Hyperparameters> hyper = read_hyperparameters(*welcome.hyperparameters(), version);
  if (!hyper) return hyper.error();
  const std::size_t wanted = hyper->ballot.rule->needs.scales ? tensors->size() : 0;
  if (terms->scales.size() != wanted) {
    return Error{
        fmt::format("the Welcome brings {} scales, and {} is the number that this run's "
                    "ballot rule and model ask for",
                    terms->scales.size(), wanted)};
  }
  Result<DataSchema> schema = read_schema(welcome.schema());
  if (!schema) return schema.error();
  if (welcome.slot() >= kMaxSlots) {
    return Error{
        fmt::format("slot {} is past the {} that a session can give", welcome.slot(), kMaxSlots)};
  }
  const auto* digests = welcome.digests();
  if (digests != nullptr && digests->size() > kMaxDigests) {
    return Error{
        fmt::format("{} digests are more than the {} allowed", digests->size(), kMaxDigests)};
  }
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
  value.terms = *std::move(terms);
  value.slot = welcome.slot();
  value.schema = *std::move(schema);
  value.digest_key = welcome.digest_key();
  if (digests != nullptr) value.digests.assign(digests->begin(), digests->end());
  value.version = version;
  return CoordinatorMessage{std::move(value)};
}

Error damaged(const std::string& what) {
  return Error{fmt::format("the seal of {} does not match: it was damaged on the way", what)};
}

Result<CountedSlots> read_counted(const fb::Decision& decision) {
  const fb::DecisionHead& head = *decision.head();
  if (head.listed() > fb::SlotList::MAX) {
    return Error{fmt::format("a list of slots of the unknown kind {}",
                             static_cast<unsigned>(head.listed()))};
  }
  CountedSlots value;
  value.counted = head.listed() == fb::SlotList::Counted;
  value.given = head.slot_count();
  Result<std::vector<std::uint32_t>> slots = decode_slots(bytes_of(decision.slots()), value.given);
  if (!slots) return slots.error();
  value.slots = *std::move(slots);
  if (decision.earlier() == nullptr) return value;
  const auto& earlier = *decision.earlier();
  if (earlier.size() > kMaxEarlier) {
    return Error{fmt::format("{} ballots of earlier rounds are more than the {} that can be listed",
                             earlier.size(), kMaxEarlier)};
  }
  value.earlier.reserve(earlier.size());
  std::uint32_t next = 0;  // the least slot that may follow
  for (const fb::EarlierBallot* one : earlier) {
    if (one->slot() < next || one->slot() >= value.given || one->round() >= head.round()) {
      return Error{fmt::format("decision {} cannot count a ballot of round {} of slot {} here",
                               head.round(), one->round(), one->slot())};
    }
    value.earlier.push_back({one->slot(), one->round()});
    next = one->slot() + 1;
  }
  return value;
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
  Result<std::vector<float>> steps = read_scales("step", decision.steps());
  if (!steps) return steps.error();
  value.steps = *std::move(steps);
  value.delta = head.delta();
  const bool moves = value.delta > 0 || (value.delta == 0 && !value.steps.empty());
  if (!std::isfinite(value.delta) || !moves) {
    return Error{fmt::format("delta {} of decision {} has to be finite and positive", value.delta,
                             value.round)};
  }
  value.keep = head.keep();
  if (!(value.keep > 0 && value.keep <= 1)) {
    return Error{fmt::format("keep {} of decision {} has to be above 0 and at most 1", value.keep,
                             value.round)};
  }
  Result<RoundTerms> next = read_terms(head.local_lr(), head.batch(), decision.scales());
  if (!next) return next.error();
  value.next = *std::move(next);
  Result<CountedSlots> counted = read_counted(decision);
  if (!counted) return counted.error();
  value.counted = *std::move(counted);
  value.session = head.session();
  value.run = head.run();
  value.voters = head.voters();
  value.fingerprint = head.fingerprint();
  value.vote = head.vote();
  value.evaluate = head.evaluate();
  if (head.seal() != seal_of(value, bytes_of(decision.slots()))) {
    return damaged(fmt::format("decision {}", value.round));
  }
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
  value.have_round = past.have_round();
  value.counted_through = past.counted_through();
  value.round = past.round();
  value.vote = past.vote();
  value.evaluate = past.evaluate();
  if (past.chunk() != nullptr) {
    const Result<CheckpointChunk> chunk = read_chunk(*past.chunk(), max_parameters);
    if (!chunk) return chunk.error();
    value.chunk = *chunk;
    if (past.seal() != seal_of(value, {})) return damaged("a chunk of a checkpoint");
    return CoordinatorMessage{std::move(value)};
  }
  value.decisions.reserve(count);
  // Many tables may point at the same planes; a frame could then ask for a thousand times its size.
  std::size_t planes_bytes = 0;
  std::vector<std::uint64_t> seals;
  seals.reserve(count);
  for (const fb::Decision* one : *past.decisions()) {
    if (one->slots() != nullptr || one->earlier() != nullptr || one->head()->slot_count() != 0) {
      return Error{"a decision of a Past lists slots, which mean nothing there"};
    }
    Result<Decision> decision = read_decision(*one, max_parameters);
    if (!decision) return decision.error();
    if (!value.decisions.empty() && decision->round != value.decisions.back().round + 1) {
      return Error{fmt::format("decision {} follows {} in a Past: they have to be consecutive",
                               decision->round, value.decisions.back().round)};
    }
    planes_bytes += decision->planes.size();
    value.decisions.push_back(*std::move(decision));
    seals.push_back(one->head()->seal());
  }
  if (planes_bytes > frame_bytes) return Error{"the decisions of a Past share their planes"};
  if (past.seal() != seal_of(value, seals)) return damaged("a Past");
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
              .wait_ms = std::min(refusal.wait_ms(), kMaxWaitMs),
              .of = {refusal.of(), refusal.round(), refusal.chunk()}}};
}

}  // namespace

Result<CoordinatorMessage> read_coordinator_frame(std::span<const std::uint8_t> frame,
                                                  std::size_t max_parameters) {
  const Result<const fb::Message*> opened = open_frame(frame, client_max_frame(max_parameters));
  if (!opened) return opened.error();
  const fb::Message& message = **opened;
  if (is_unknown(message)) {
    return CoordinatorMessage{UnknownMessage{static_cast<std::uint8_t>(message.body_type())}};
  }
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
                                         .fingerprint = finished.fingerprint(),
                                         .reason = known_reason<FinishReason>(finished.reason())}};
    }
    case fb::Body::Refusal:
      return read(*message.body_as_Refusal());
    default:
      return Error{fmt::format("a {} is for the coordinator, not for clients: check --connect",
                               body_word(message))};
  }
}

}  // namespace psephos::wire
