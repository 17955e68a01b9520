#pragma once
// What a client that asks to catch up is sent: the decisions it missed, or a chunk of a checkpoint,
// whichever brings it to the open round with fewer bytes. Follows from the ledger, the request and
// what is said to the asker alone: no transfer has a state. Clients drawn from a crowd ask for the
// same, and are told one of a few things: frames just built are kept.
//
// Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <deque>

#include "coordinator/ledger/ledger.h"
#include "runtime/wire/message.h"

namespace psephos::coordinator {

inline constexpr std::size_t kPastFramesKept =
    16;  // of wire::kCatchUpFrameBytes at most, or nearly

// What a Past says of the one that asks, beside the past.
struct Asker {
  // wire::Past's. The session fills in the newest counted round that it knows of, and
  // Coordinator::counted_through makes the answer of it.
  std::uint32_t counted_through = wire::kNoRound;
  bool vote = false;      // it is invited to vote in the open round
  bool evaluate = false;  // it is asked for an Evaluation
  bool operator==(const Asker&) const = default;
};

class PastFrames {
 public:
  // `session`, `run`: what the frames repeat.
  PastFrames(std::uint64_t session, std::uint64_t run) : session_(session), run_(run) {}

  // One frame of at most wire::kCatchUpFrameBytes (unless a single decision is larger). Null when
  // the client is not behind.
  Frame answer(const Ledger& ledger, const wire::CatchUp& request, const Asker& asker);

 private:
  // Decisions from a round to the open one, or a chunk of a round's checkpoint.
  struct Content {
    bool checkpoint = false;
    std::uint32_t round = 0;
    std::uint32_t chunk = 0;
    std::uint32_t open_round = 0;
    std::uint32_t have_round = 0;  // asked from
    Asker asker;
    bool operator==(const Content&) const = default;
  };
  struct Built {
    Content content;
    Frame frame;
  };

  static Content choose(const Ledger& ledger, const wire::CatchUp& request, const Asker& asker);
  Frame build(const Ledger& ledger, const Content& content) const;

  std::uint64_t session_;
  std::uint64_t run_;
  std::deque<Built> built_;  // newest first
};

}  // namespace psephos::coordinator
