#include "simulator/proving/lies.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/layout.h"
#include "runtime/wire/message.h"

namespace psephos::proving {
namespace {

Frame false_join(const Known& known, Luck& luck) {
  wire::Join join;
  join.run = luck.chance(0.8) ? known.run : luck.wide();
  join.name = luck.chance(0.7) ? known.name : known.other;
  join.have_round = luck.chance(0.7) ? known.round + luck.below(10) : luck.word();
  join.epoch = luck.chance(0.5) ? luck.below(4) : luck.chance(0.5) ? luck.word() : ~luck.below(4);
  join.fingerprint = luck.wide();
  return wire::build(join);
}

Frame false_request(const Known& known, Luck& luck) {
  wire::CatchUp request;
  request.session = known.session;
  request.have_round = luck.chance(0.5) ? luck.below(known.rounds + 5) : luck.word();
  request.checkpoint = luck.chance(0.5) ? 32 * luck.below(4) : luck.word();
  request.chunk = luck.chance(0.5) ? luck.below(3) : luck.word();
  request.reason = static_cast<wire::CatchUpReason>(luck.below(3));
  return wire::build(request);
}

}  // namespace

Frame false_ballot(const Known& known, Luck& luck) {
  wire::Ballot ballot;
  ballot.session = luck.chance(0.9) ? known.session : luck.wide();
  ballot.run = luck.chance(0.9) ? known.run : luck.wide();
  ballot.round = luck.chance(0.5) ? known.round : luck.below(known.rounds + 5);
  ballot.encoding = luck.chance(0.7)   ? Encoding::kBinary
                    : luck.chance(0.7) ? Encoding::kTernary
                                       : Encoding::kNone;
  Bytes planes;
  if (ballot.encoding == Encoding::kBinary) {
    PackedSigns signs{known.parameters, {}, {}};
    signs.signs.resize(word_count(known.parameters));
    if (luck.chance(0.3)) {
      planes.resize(4 * word_count(known.parameters), 0xff);  // bits past d, or none there
    } else {
      planes = encode(signs).planes;
    }
  } else if (ballot.encoding == Encoding::kTernary) {
    planes.resize(luck.below(200));
    for (std::uint8_t& byte : planes) byte = static_cast<std::uint8_t>(luck.word());
  }
  ballot.planes = planes;
  ballot.samples = luck.word();
  // Now and then one too many, or none: no honest ballot reports that.
  std::size_t scales = known.scales + (luck.chance(0.05) ? 1 : 0);
  if (luck.chance(0.05)) scales = 0;
  for (; scales > 0; --scales) {
    ballot.scales.push_back(
        luck.chance(0.3) ? 0.0F : std::ldexp(1.0F, static_cast<int>(luck.below(200)) - 100));
  }
  return wire::build(ballot);
}

Frame damaged(const Frame& frame, Luck& luck) {
  if (frame->empty()) return frame;
  Bytes bytes = *frame;
  if (luck.chance(0.2)) {
    bytes.resize(luck.below(static_cast<std::uint32_t>(bytes.size())));
  } else {
    for (std::uint32_t flips = luck.between(1, 4); flips > 0; --flips) {
      const std::uint32_t bit = luck.below(static_cast<std::uint32_t>(8 * bytes.size()));
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    }
  }
  return std::make_shared<const Bytes>(std::move(bytes));
}

Frame draw_lie(const Known& known, Luck& luck) {
  switch (luck.below(8)) {
    case 0:
    case 1:
    case 2:
      return false_ballot(known, luck);
    case 3:
      return false_join(known, luck);
    case 4:
      return false_request(known, luck);
    case 5:
      return wire::build(wire::Evaluation{known.session, luck.below(known.rounds + 5), 1e300,
                                          luck.uniform(0, 1), luck.wide()});
    case 6:
      return wire::build(wire::ClientMessage(wire::Heartbeat{known.session, luck.word()}));
    default:
      return wire::build(wire::Leave{known.session, static_cast<wire::LeaveReason>(luck.below(3))});
  }
}

}  // namespace psephos::proving
