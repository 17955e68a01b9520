#pragma once
// One run of the proving ground: the shipping coordinator and clients as processes that die and
// come back, on a virtual clock, between a network and a disk that do what the plan says. Then the
// world heals, and everybody must reach the end.
//
// One thread: a seed has one history.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "client/session/session.h"
#include "client/work/scratch.h"
#include "client/work/worker.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/ledger/memory_ledger.h"
#include "simulator/event_queue.h"
#include "simulator/proving/disk_vfs.h"
#include "simulator/proving/faulty_disk.h"
#include "simulator/proving/luck.h"
#include "simulator/proving/scenario.h"
#include "simulator/proving/truth.h"

namespace psephos::proving {

struct RunReport {
  std::uint64_t history = 0;  // hash of everything that happened, in its order
  std::uint32_t rounds = 0;
  Duration simulated{0};
  std::uint32_t coordinator_starts = 0;
  std::uint32_t client_starts = 0;
  std::uint32_t lines = 0;  // 1, or more where the disk lied
  bool refused = false;     // a ledger that a lying disk had damaged was found out: the end
};

class World : private coordinator::Outlet {
 public:
  // `trace` is told what happens, a line each; null: nobody is.
  World(const Plan& plan, std::uint32_t seed, std::uint32_t parameters,
        std::function<void(const std::string&)> trace = nullptr);
  ~World() override;

  // Plays the run. Throws Violation.
  RunReport run();

 private:
  static constexpr std::uint64_t kRun = 0x70736570686f73;

  class WatchedLedger;
  class LateReader;
  class FailingCounter;

  // Where a client's states go. They survive it.
  class Memory : public client::StateKeeper {
   public:
    std::function<bool()> fails;  // asked before each
    Status keep(const client::ClientState& state) override;
    // Null: nothing was kept.
    std::shared_ptr<const client::RunState> kept() const;

   private:
    Bytes bytes_;
  };

  struct ToCoordinator {
    std::string peer;
    std::string key;
    Frame frame;
    std::uint32_t coordinator_life;
  };
  struct ToClient {
    std::size_t client;
    std::uint32_t connection;
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
    std::uint32_t life;
  };
  struct CoordinatorTick {
    std::uint32_t life;
  };
  struct CoordinatorStart {};
  struct AnswerDue {  // of the coordinator's reader or counter
    std::uint32_t life;
  };
  struct CoordinatorStop {
    std::uint32_t life;
  };
  using Happening = std::variant<ToCoordinator, ToClient, JobDue, ClientTick, ClientStart,
                                 CoordinatorTick, CoordinatorStart, AnswerDue, CoordinatorStop>;

  struct Process {
    std::unique_ptr<client::Session> session;  // null: not running
    std::unique_ptr<client::Worker> worker;
    std::optional<client::Job> job;
    Memory memory;
    std::uint32_t life = 0;
    std::optional<std::uint32_t> voted;  // round of the newest ballot that this life found or sent
    std::uint32_t connection = 0;
    std::string peer;  // routing id of that connection
    std::string key;   // that CURVE would vouch for
    bool connected = false;
    Duration clock{0};  // its own is so far ahead
    Instant tick_at = Instant::max();
    bool liar = false;
    bool done = false;  // it has seen the end of the run
    std::uint64_t session_seen = 0;
  };

  // ---- coordinator::Outlet
  void send(const std::string& peer, const Frame& frame) override;
  void evaluate(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) override;
  void round_finished(const RoundRow&) override {}
  void evaluation_known(const EvaluationRow&) override {}
  void note(const std::string& text) override { trace("coordinator: " + text); }
  void ballot_counted(const coordinator::CountedBallot& ballot, const HeldSigns& signs,
                      std::span<const float> scales) override;

  void happen(const ToCoordinator& event);
  void happen(const ToClient& event);
  void happen(const JobDue& event);
  void happen(const ClientTick& event);
  void happen(const ClientStart& event);
  void happen(const CoordinatorTick& event);
  void happen(const CoordinatorStart& event);
  void happen(const AnswerDue& event);
  void happen(const CoordinatorStop& event);

  // ---- the coordinator's process
  void start_coordinator();
  std::shared_ptr<coordinator::Ledger> open_ledger();
  void ledger_failed(const std::string& how);
  void turn_a_bit();
  void check_ledger();
  coordinator::Hands hands();
  Instant late(double probability);
  void tell_coordinator(const coordinator::Event& event);
  void lead(const std::function<void(Instant)>& step);
  void coordinator_dies();
  void coordinator_may_die();
  void schedule_coordinator_tick();
  void check_slot(std::size_t i, std::span<const std::uint8_t> frame);

  // ---- the clients' processes
  void step_client(std::size_t i, const client::Event& event);
  void perform(std::size_t i, const client::Action& action);
  void start_job(std::size_t i, const client::Job& job);
  void client_ends(std::size_t i, const client::End& end);
  void client_dies(std::size_t i, Duration away);
  void client_sends(std::size_t i, const Frame& frame);
  void connect(std::size_t i);
  void schedule_client_tick(std::size_t i);
  client::SessionOptions session_options(std::size_t i) const;
  // The coordinator's name for client i, where no liar can have joined as client i.
  std::string identity(std::size_t i) const;
  bool names_tell_apart() const { return plan_.keyed || plan_.faults.liars == 0; }

  // ---- the network
  void carry_up(const std::string& peer, const std::string& key, const Frame& frame);
  void carry_down(std::size_t i, const Frame& frame);
  int copies();
  Instant arrival();
  void lie(std::size_t i);
  void forge(const Frame& seen);

  void heal_when_due();
  bool all_done() const;
  std::string whereabouts() const;
  void check_end();
  Duration leap();
  void record(std::uint64_t what, std::span<const std::uint8_t> bytes = {});
  void trace(const std::string& text) const;

  std::function<void(const std::string&)> trace_;
  Plan plan_;
  Intensities faults_;  // the plan's, until the world heals
  std::uint32_t seed_;
  TensorTable tensors_;
  Luck luck_;
  Truth truth_;
  simulator::EventQueue<Happening> queue_;
  Instant now_{0};
  bool healed_ = false;
  std::uint64_t history_ = 0;

  FaultyDisk disk_;
  DiskVfs vfs_;
  std::shared_ptr<coordinator::MemoryLedger> memory_;      // where the ledger is not SQLite
  std::shared_ptr<coordinator::MemoryLedger> before_;      // the canary's: one commit ago
  std::unique_ptr<coordinator::Coordinator> coordinator_;  // null: not running
  std::uint32_t coordinator_life_ = 0;
  Duration coordinator_clock_{0};
  Instant coordinator_tick_at_ = Instant::max();
  std::uint64_t session_ = 0;
  // The frame that truth_ was told last. It is held, so that no other frame has its address.
  Frame told_;
  Frame heard_;            // what the coordinator is looking at, or has read,
  std::string speaker_;    // and whose it is: a key, where there are keys
  bool refused_ = false;   // a damaged ledger
  bool finished_ = false;  // a coordinator has led the run to its end

  std::vector<Process> processes_;
  client::Scratch scratch_;
  std::uint32_t client_starts_ = 0;
  std::uint32_t strangers_ = 0;
};

}  // namespace psephos::proving
