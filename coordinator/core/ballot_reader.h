#pragma once
// Who finds out whether a ballot's planes are well-formed. Ternary planes have to be decoded, which
// takes milliseconds where the model is large: a server does that beside its socket's thread.

#include <deque>
#include <optional>

#include "coordinator/session/session.h"

namespace psephos::coordinator {

// What decode_held says of the planes.
BallotRead read_ballot(const ReadBallot& task);

// Every task is answered once, in whatever order. Called from one thread.
class BallotReader {
 public:
  virtual ~BallotReader() = default;
  virtual void read(ReadBallot task) = 0;
  // The next ballot that has been read, if there is one.
  virtual std::optional<BallotRead> take() = 0;
};

// Reads on the caller's thread: take() has every ballot right after read().
class ReadingAtOnce : public BallotReader {
 public:
  void read(ReadBallot task) override { read_.push_back(read_ballot(task)); }
  std::optional<BallotRead> take() override;

 private:
  std::deque<BallotRead> read_;
};

}  // namespace psephos::coordinator
