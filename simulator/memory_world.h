#pragma once
// A coordinator and its clients in one process on a virtual clock: the shipping state machines,
// with a queue of events in place of sockets. Arithmetic runs on a pool of threads; history depends
// on neither threads nor real time.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "client/session/session.h"
#include "client/work/worker.h"
#include "coordinator/core/coordinator.h"
#include "simulator/event_queue.h"
#include "simulator/links.h"
#include "simulator/population.h"
#include "simulator/work_pool.h"

namespace psephos::simulator {

// Misfortunes for tests, all drawn from the world's seed.
struct Faults {
  double lose_frame = 0;    // any frame, either way
  double repeat_frame = 0;  // delivered twice
  bool reorder = false;     // frames of one connection may overtake each other
  double reconnect = 0;     // per frame sent by a client: its connection breaks and is made anew
  double restart = 0;       // per frame sent by a client: it dies and starts again with nothing
  Duration until = Duration::max();  // faults end here, so that a run can be asked to end, too
};

class MemoryWorld : private coordinator::Outlet {
 public:
  struct Reports {
    std::function<void(const RoundRow&)> round_finished;
    std::function<void(const EvaluationRow&)> evaluation_known;
    std::function<void(const std::string&)> note;
    // After every step of a client's machine: for invariants.
    std::function<void(std::size_t client, const client::Session&)> client_stepped;
    // Accuracy of parameters; called on the pool, one at a time.
    std::function<EvaluationResult(std::span<const float>)> held_out;
    // Asked between events; true: stop the run.
    std::function<bool()> interrupted;
  };

  MemoryWorld(coordinator::CoordinatorOptions options, Crowd crowd, Links links, Faults faults,
              unsigned threads, Reports reports);

  // Until the coordinator has ended, and every client that heard of it.
  void run();
  // Likewise, but gives up (returns false) when the virtual clock passes `limit`.
  bool run_until(Instant limit);

  const coordinator::Coordinator& coordinator() const { return *coordinator_; }
  const client::Session& client(std::size_t i) const { return *clients_[i].session; }
  const client::Worker& worker(std::size_t i) const { return *clients_[i].worker; }
  std::size_t clients() const { return clients_.size(); }
  double gradient_seconds() const { return gradient_s_; }
  // Why the first client that gave up did so; empty while all take part.
  const std::string& failure() const { return failure_; }
  Instant now() const { return now_; }

 private:
  struct ToCoordinator {
    std::size_t client;
    std::string peer;
    Frame frame;
  };
  struct ToClient {
    std::string peer;
    Frame frame;
  };
  struct JobDue {
    std::size_t client;
    std::uint32_t life;
  };
  struct ClientTick {
    std::size_t client;
    std::uint32_t life;
  };
  struct ClientStart {
    std::size_t client;
  };
  struct CoordinatorTick {};
  using WorldEvent =
      std::variant<ToCoordinator, ToClient, JobDue, ClientTick, ClientStart, CoordinatorTick>;

  struct RunningJob {
    WorkPool::Ticket ticket;
    client::JobDone done;
  };
  struct Client {
    std::unique_ptr<client::Session> session;
    std::unique_ptr<client::Worker> worker;
    std::unique_ptr<RunningJob> job;
    std::unique_ptr<client::JobDone> done_at_once;  // of the step in hand
    std::string peer;                               // of the connection in use
    std::uint32_t connections = 0;
    std::uint32_t life = 0;  // restarts so far
    Instant tick_at = Instant::max();
    Instant last_up{0};  // arrival of the newest frame each way: connections keep order
    Instant last_down{0};
    double factor = 1;        // of slow clients
    std::uint64_t draws = 0;  // addresses of this client's delays and faults
  };

  void send(const std::string& peer, const Frame& frame) override;
  void evaluate(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) override;
  void round_finished(const RoundRow& row) override;
  void evaluation_known(const EvaluationRow& row) override;
  void note(const std::string& text) override;

  void happen(const ToCoordinator& event);
  void happen(const ToClient& event);
  void happen(const JobDue& event);
  void happen(const ClientTick& event);
  void happen(const ClientStart& event);
  void happen(const CoordinatorTick& event);

  void step_client(std::size_t i, const client::Event& event);
  void perform(std::size_t i, const client::Action& action);
  void client_sends(std::size_t i, const Frame& frame);
  void start_job(std::size_t i, const client::Job& job);
  void connect(std::size_t i);
  Client* client_at(const std::string& peer);
  void restart(std::size_t i);
  void tell_coordinator(const coordinator::Event& event);
  void schedule_client_tick(std::size_t i);
  bool collect_evaluation(bool wait);
  bool chance(std::size_t client, double probability);
  bool all_ended() const;

  std::uint32_t seed_;
  Links links_;
  Faults faults_;
  Reports reports_;
  EventQueue<WorldEvent> queue_;
  Instant now_{0};
  Crowd crowd_;
  client::SharedReplicas replicas_;
  std::vector<Client> clients_;
  std::vector<client::Scratch> scratch_;  // per thread of the pool
  struct PendingEvaluation {
    std::uint32_t round;
    WorkPool::Ticket ticket;
    std::shared_ptr<EvaluationResult> result;
  };
  std::deque<PendingEvaluation> evaluations_;  // oldest first
  std::mutex evaluation_mutex_;                // the evaluator keeps scratch memory
  Instant ended_at_{0};
  Instant coordinator_tick_at_ = Instant::max();
  double gradient_s_ = 0;
  std::string failure_;
  bool stop_asked_ = false;
  std::unique_ptr<coordinator::Coordinator> coordinator_;
  // Last: its threads use what is above.
  WorkPool pool_;
};

}  // namespace psephos::simulator
