#pragma once
// Decodes ballots beside the socket's thread, so that frames, heartbeats and deadlines do not wait
// while planes of millions of parameters are unpacked.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "coordinator/core/ballot_reader.h"

namespace psephos::coordinator {

// Ballots that wait for the thread, each with its frame. When it cannot keep pace the socket's
// thread reads the ballots beyond them itself: memory stays bounded, and clients feel the slowness.
inline constexpr std::size_t kWaitingBallots = 64;

class ReadingThread : public BallotReader {
 public:
  // `read_one` is called, on this object's thread, whenever take() has something new.
  explicit ReadingThread(std::function<void()> read_one);
  // Lets go of ballots that are not read yet.
  ~ReadingThread() override;

  void read(ReadBallot task) override;
  std::optional<BallotRead> take() override;

 private:
  void work();

  std::function<void()> read_one_;
  std::mutex mutex_;  // of what follows, but for the thread
  std::condition_variable changed_;
  std::deque<ReadBallot> tasks_;
  std::deque<BallotRead> read_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace psephos::coordinator
