#include "coordinator/core/ballot_reader.h"

#include <utility>

#include "runtime/signs/ballot_codec.h"

namespace psephos::coordinator {

BallotRead read_ballot(const ReadBallot& task) {
  return {task.identity, task.reading,
          decode_held(task.encoding, task.planes, task.parameters, task.frame)};
}

std::optional<BallotRead> ReadingAtOnce::take() {
  if (read_.empty()) return std::nullopt;
  BallotRead first = std::move(read_.front());
  read_.pop_front();
  return first;
}

}  // namespace psephos::coordinator
