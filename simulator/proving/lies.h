#pragma once
// What goes over the wire and should not: frames damaged on the way, and well-formed ones that no
// honest client would send.

#include <cstdint>
#include <string>

#include "runtime/base/bytes.h"
#include "simulator/proving/luck.h"

namespace psephos::proving {

// A few bits turned, or the end cut off.
Frame damaged(const Frame& frame, Luck& luck);

// What a liar knows.
struct Known {
  std::uint64_t session = 0;
  std::uint64_t run = 0;
  std::uint32_t round = 0;  // the open one
  std::uint32_t rounds = 0;
  std::size_t parameters = 0;
  std::size_t scales = 0;  // that a ballot reports
  std::string name;        // its own
  std::string other;       // somebody else's
};

// A second ballot of the round, one of another round or session, planes that decode to nothing, a
// Join from the future or in another's name, a request for what there is not, an evaluation of
// nothing, a Leave that is not meant.
Frame draw_lie(const Known& known, Luck& luck);

// The first of these alone.
Frame false_ballot(const Known& known, Luck& luck);

}  // namespace psephos::proving
