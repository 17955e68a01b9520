#pragma once
// Threads for arithmetic. Whoever waits for a task works meanwhile, so a pool of one has no thread
// of its own and costs no hand-over. Expensive tasks start first: a round is then as short as its
// work can be spread. Results never depend on who did what, or when.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace psephos::simulator {

class WorkPool {
 public:
  // What a task is handed: which of the pool's threads it runs on, 0 to threads - 1. Memory kept
  // per slot is one task's alone while it runs.
  using Work = std::function<void(unsigned slot)>;
  struct Task;
  using Ticket = std::shared_ptr<Task>;

  // threads >= 1, the owner's included. One thread owns the pool and calls all of it.
  explicit WorkPool(unsigned threads);
  // Lets running tasks end; those not started are dropped.
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  unsigned threads() const { return static_cast<unsigned>(threads_.size()) + 1; }

  // `cost`: the larger, the sooner it starts; equal costs start in the order of submission.
  Ticket submit(double cost, Work work);

  bool done(const Ticket& ticket);
  // Until the task is done; rethrows what it threw.
  void wait(const Ticket& ticket);

 private:
  struct Cheaper {
    bool operator()(const Ticket& a, const Ticket& b) const;
  };

  void work(unsigned slot);
  void run(std::unique_lock<std::mutex>& lock, unsigned slot);

  std::mutex mutex_;
  std::condition_variable pending_grew_;
  std::condition_variable task_ended_;  // what the owner waits for, with nothing left to do
  std::priority_queue<Ticket, std::vector<Ticket>, Cheaper> pending_;
  std::uint64_t submitted_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace psephos::simulator
