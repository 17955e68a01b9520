#include <flatbuffers/flatbuffers.h>

#include "runtime/wire/message.h"
#include "runtime/wire/open_frame.h"
#include "schemas/psephos_generated.h"

namespace psephos::wire {

RefusedFrame refused_frame(std::span<const std::uint8_t> frame) {
  const Result<const fb::Message*> opened = open_frame(frame, frame.size());
  if (!opened) return {};
  const fb::Message& message = **opened;
  RefusedFrame of{.body = static_cast<std::uint8_t>(message.body_type())};
  if (const fb::Join* join = message.body_as_Join()) {
    of.round = join->have_round();
  } else if (const fb::Ballot* ballot = message.body_as_Ballot()) {
    of.round = ballot->head()->round();
  } else if (const fb::CatchUp* request = message.body_as_CatchUp()) {
    of.round = request->checkpoint() == kNoRound ? request->have_round() : request->checkpoint();
    of.chunk = request->chunk();
  } else if (const fb::Evaluation* evaluation = message.body_as_Evaluation()) {
    of.round = evaluation->round();
  } else if (const fb::Heartbeat* heartbeat = message.body_as_Heartbeat()) {
    of.round = heartbeat->round();
  }
  return of;
}

}  // namespace psephos::wire
