#include "coordinator/server/reading_thread.h"

#include <utility>

namespace psephos::coordinator {

ReadingThread::ReadingThread(std::function<void()> read_one)
    : read_one_(std::move(read_one)), thread_([this] { work(); }) {}

ReadingThread::~ReadingThread() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadingThread::read(ReadBallot task) {
  // Binary planes are viewed where they lie, and nothing but the bits past d is looked at: 50 ns
  // whatever d is, less than it takes to wake a thread. (Ternary ones of four million parameters
  // take 4 ms.)
  bool at_once = task.encoding == Encoding::kBinary;
  if (!at_once) {
    const std::lock_guard lock(mutex_);
    at_once = tasks_.size() == kWaitingBallots;
    if (!at_once) tasks_.push_back(std::move(task));
  }
  if (!at_once) {
    changed_.notify_all();
    return;
  }
  BallotRead read = read_ballot(task);
  const std::lock_guard lock(mutex_);
  read_.push_back(std::move(read));
}

std::optional<BallotRead> ReadingThread::take() {
  const std::lock_guard lock(mutex_);
  if (read_.empty()) return std::nullopt;
  BallotRead first = std::move(read_.front());
  read_.pop_front();
  return first;
}

void ReadingThread::work() {
  while (true) {
    std::optional<ReadBallot> task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (closing_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    BallotRead read = read_ballot(*task);
    task.reset();  // its frame goes back before anybody hears of it
    {
      const std::lock_guard lock(mutex_);
      read_.push_back(std::move(read));
    }
    read_one_();
  }
}

}  // namespace psephos::coordinator
