#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include <cmath>

#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
#include "runtime/wire/open_frame.h"
#include "runtime/wire/schema.h"
#include "runtime/wire/text.h"
#include "schemas/psephos_generated.h"

namespace psephos::wire {
namespace {

Result<ClientMessage> read(const fb::Join& join, std::size_t frame_bytes) {
  if (frame_bytes > kMaxJoinBytes) {
    return Error{fmt::format("the Join has {} bytes and at most {} are allowed", frame_bytes,
                             kMaxJoinBytes)};
  }
  if (join.protocol_min() > join.protocol_max()) {
    return Error{fmt::format("protocol versions {} to {} are no range", join.protocol_min(),
                             join.protocol_max())};
  }
  const Status name = check_name(join.name()->string_view());
  if (!name) return name.error();
  const std::string_view arithmetic = join.arithmetic()->string_view();
  if (arithmetic.size() > kMaxArithmeticBytes || !is_printable_ascii(arithmetic, true)) {
    return Error{fmt::format("the arithmetic set's name has to be at most {} printable characters",
                             kMaxArithmeticBytes)};
  }
  if (join.part() > join.parts() || (join.part() == 0 && join.parts() != 0)) {
    return Error{fmt::format("there is no part {} of {}", join.part(), join.parts())};
  }
  const std::span<const std::uint8_t> enrol = bytes_of(join.enrol());
  if (!enrol.empty() && enrol.size() != kEnrolBytes) {
    return Error{fmt::format("the key to be listed has {} bytes, where {} belong", enrol.size(),
                             kEnrolBytes)};
  }
  Result<DataSchema> schema = read_schema(join.schema());
  if (!schema) return schema.error();
  if (!schema->feature_scales.empty()) {
    return Error{"a normalisation is the coordinator's to tell, not the client's"};
  }
  Join value;
  value.protocol_min = join.protocol_min();
  value.protocol_max = join.protocol_max();
  value.run = join.run();
  value.name = join.name()->str();
  value.have_round = join.have_round();
  value.epoch = join.epoch();
  value.fingerprint = join.fingerprint();
  value.arithmetic = arithmetic;
  value.samples = join.samples();
  value.data_manifest = join.data_manifest();
  value.schema = *std::move(schema);
  value.part = join.part();
  value.parts = join.parts();
  value.enrol.assign(enrol.begin(), enrol.end());
  return ClientMessage{std::move(value)};
}

Result<ClientMessage> read(const fb::Ballot& ballot, std::size_t parameters) {
  const fb::BallotHead& head = *ballot.head();
  Ballot value;
  value.planes = bytes_of(ballot.planes());
  const auto encoding = static_cast<std::uint8_t>(head.encoding());
  const Status form = check_planes_form("ballot", encoding, value.planes, parameters);
  if (!form) return form.error();
  value.encoding = static_cast<Encoding>(encoding);
  if (value.encoding == Encoding::kChange) {
    return Error{"a ballot cannot be encoded as a change: that is for decisions"};
  }
  value.loss = head.loss();
  if (!std::isfinite(value.loss)) return Error{"the ballot's loss is not finite"};
  Result<std::vector<float>> scales = read_scales("scale", ballot.scales());
  if (!scales) return scales.error();
  value.scales = *std::move(scales);
  value.session = head.session();
  value.run = head.run();
  value.round = head.round();
  value.samples = head.samples();
  return ClientMessage{std::move(value)};
}

Result<ClientMessage> read(const fb::CatchUp& request) {
  return ClientMessage{CatchUp{.session = request.session(),
                               .have_round = request.have_round(),
                               .checkpoint = request.checkpoint(),
                               .chunk = request.chunk(),
                               .reason = known_reason<CatchUpReason>(request.reason())}};
}

Result<ClientMessage> read(const fb::Evaluation& evaluation) {
  const double accuracy = evaluation.accuracy();
  if (!std::isfinite(evaluation.loss())) return Error{"the evaluation's loss is not finite"};
  if (!(accuracy >= 0 && accuracy <= 1)) {
    return Error{fmt::format("the evaluation's accuracy {} is not between 0 and 1", accuracy)};
  }
  return ClientMessage{Evaluation{.session = evaluation.session(),
                                  .round = evaluation.round(),
                                  .loss = evaluation.loss(),
                                  .accuracy = accuracy,
                                  .samples = evaluation.samples()}};
}

Result<ClientMessage> read(const fb::Leave& leave) {
  return ClientMessage{
      Leave{.session = leave.session(), .reason = known_reason<LeaveReason>(leave.reason())}};
}

}  // namespace

Result<ClientMessage> read_client_frame(std::span<const std::uint8_t> frame,
                                        std::size_t parameters) {
  const Result<const fb::Message*> opened = open_frame(frame, coordinator_max_frame(parameters));
  if (!opened) return opened.error();
  const fb::Message& message = **opened;
  if (is_unknown(message)) {
    return ClientMessage{UnknownMessage{static_cast<std::uint8_t>(message.body_type())}};
  }
  switch (message.body_type()) {
    case fb::Body::Join:
      return read(*message.body_as_Join(), frame.size());
    case fb::Body::Ballot:
      return read(*message.body_as_Ballot(), parameters);
    case fb::Body::CatchUp:
      return read(*message.body_as_CatchUp());
    case fb::Body::Evaluation:
      return read(*message.body_as_Evaluation());
    case fb::Body::Heartbeat: {
      const fb::Heartbeat& heartbeat = *message.body_as_Heartbeat();
      return ClientMessage{Heartbeat{.session = heartbeat.session(), .round = heartbeat.round()}};
    }
    case fb::Body::Leave:
      return read(*message.body_as_Leave());
    default:
      return Error{fmt::format("a {} is for clients, not for the coordinator: check who connects",
                               body_word(message))};
  }
}

}  // namespace psephos::wire
