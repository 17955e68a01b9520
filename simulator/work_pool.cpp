#include "simulator/work_pool.h"

#include <exception>
#include <utility>

namespace psephos::simulator {

struct WorkPool::Task {
  double cost = 0;
  std::uint64_t number = 0;
  Work work;
  bool done = false;
  std::exception_ptr thrown;
};

bool WorkPool::Cheaper::operator()(const Ticket& a, const Ticket& b) const {
  return a->cost != b->cost ? a->cost < b->cost : a->number > b->number;
}

WorkPool::WorkPool(unsigned threads) {
  for (unsigned slot = 1; slot < threads; ++slot) {
    threads_.emplace_back([this, slot] { work(slot); });
  }
}

WorkPool::~WorkPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    pending_ = {};
  }
  pending_grew_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

WorkPool::Ticket WorkPool::submit(double cost, Work work) {
  auto task = std::make_shared<Task>();
  task->cost = cost;
  task->work = std::move(work);
  {
    const std::lock_guard lock(mutex_);
    task->number = submitted_++;
    pending_.push(task);
  }
  pending_grew_.notify_one();
  return task;
}

bool WorkPool::done(const Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  return ticket->done;
}

void WorkPool::wait(const Ticket& ticket) {
  std::unique_lock lock(mutex_);
  while (!ticket->done) {
    if (pending_.empty()) {
      task_ended_.wait(lock, [&] { return ticket->done; });
    } else {
      run(lock, 0);
    }
  }
  if (ticket->thrown) std::rethrow_exception(ticket->thrown);
}

void WorkPool::work(unsigned slot) {
  std::unique_lock lock(mutex_);
  while (true) {
    pending_grew_.wait(lock, [this] { return closing_ || !pending_.empty(); });
    if (closing_) return;
    run(lock, slot);
  }
}

// Takes the most expensive task and does it, the lock released meanwhile.
void WorkPool::run(std::unique_lock<std::mutex>& lock, unsigned slot) {
  const Ticket task = pending_.top();
  pending_.pop();
  lock.unlock();
  try {
    task->work(slot);
  } catch (...) {
    task->thrown = std::current_exception();
  }
  task->work = nullptr;  // what it held on to goes with it
  lock.lock();
  task->done = true;
  if (slot != 0) task_ended_.notify_one();
}

}  // namespace psephos::simulator
