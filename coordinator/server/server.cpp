#include "coordinator/server/server.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "coordinator/server/reading_thread.h"
#include "runtime/base/check.h"

namespace psephos::coordinator {
namespace {

constexpr auto kLongestWait = std::chrono::milliseconds(200);
// How often bounds are looked at that may have been hit for the first time.
constexpr auto kFirstTimesEvery = std::chrono::milliseconds(200);
// Frames taken before time is looked at again: a flood must not starve deadlines.
constexpr int kFramesPerTurn = 256;
// Evaluations that wait for their turn; each holds a copy of the parameters. When they cannot keep
// pace with rounds, rounds wait for them.
constexpr std::size_t kWaitingEvaluations = 4;
// Only Finished is worth waiting for when the socket closes.
constexpr auto kFinishedLinger = std::chrono::milliseconds(1000);

Instant monotonic_now() {
  return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

// Evaluates what it is given, in order, on its own thread.
class Server::Evaluator {
 public:
  Evaluator(std::unique_ptr<HeldOut> held_out, net::Waker& waker)
      : held_out_(std::move(held_out)), waker_(waker), thread_([this] { work(); }) {}

  ~Evaluator() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void start(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return tasks_.size() < kWaitingEvaluations; });
      tasks_.emplace_back(round, std::move(x));
    }
    changed_.notify_all();
  }

  std::optional<HeldOutEvaluated> take_done() {
    const std::lock_guard lock(mutex_);
    if (done_.empty()) return std::nullopt;
    const HeldOutEvaluated first = done_.front();
    done_.pop_front();
    return first;
  }

 private:
  void work() {
    while (true) {
      std::pair<std::uint32_t, std::shared_ptr<const AlignedVector<float>>> task;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
        if (closing_) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      changed_.notify_all();
      const EvaluationResult result = held_out_->evaluate(*task.second);
      {
        const std::lock_guard lock(mutex_);
        done_.push_back({task.first, result});
      }
      waker_.wake();
    }
  }

  std::unique_ptr<HeldOut> held_out_;
  net::Waker& waker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::uint32_t, std::shared_ptr<const AlignedVector<float>>>> tasks_;
  std::deque<HeldOutEvaluated> done_;
  bool closing_ = false;
  std::thread thread_;
};

Server::Server(net::RouterSocket socket, CoordinatorOptions options, std::unique_ptr<Ledger> ledger,
               std::unique_ptr<HeldOut> held_out, Reporter& reporter, net::Doorman* doorman)
    : socket_(std::move(socket)), doorman_(doorman), reporter_(reporter) {
  PSEPHOS_CHECK(doorman != nullptr || !socket_.encrypted(), "nobody knows which keys may come in");
  PSEPHOS_CHECK(held_out != nullptr || !options.held_out, "no held-out set to evaluate on");
  if (held_out) evaluator_ = std::make_unique<Evaluator>(std::move(held_out), waker_);
  Hands hands;
  hands.reader = std::make_unique<ReadingThread>([this] { waker_.wake(); });
  Outlet& outlet = *this;
  coordinator_ = std::make_unique<Coordinator>(std::move(options), std::move(ledger), outlet,
                                               std::move(hands));
}

Server::~Server() = default;

void Server::run(const std::function<int()>& interrupts) {
  int stops_seen = 0;
  coordinator_->handle(Started{}, monotonic_now());
  while (!coordinator_->ended()) {
    const auto until_tick = std::chrono::duration_cast<std::chrono::milliseconds>(
        coordinator_->next_tick() - monotonic_now() + std::chrono::milliseconds(1));
    net::wait(socket_, &waker_,
              std::clamp<std::chrono::milliseconds>(until_tick, std::chrono::milliseconds(0),
                                                    kLongestWait));
    waker_.drain();
    for (; stops_seen < interrupts() && !coordinator_->ended(); ++stops_seen) {
      coordinator_->handle(StopAsked{}, monotonic_now());
    }
    if (doorman_ != nullptr) {
      for (const std::string& key : doorman_->take_revoked()) {
        if (!coordinator_->ended()) coordinator_->handle(KeyRevoked{key, ""}, monotonic_now());
      }
    }
    for (int i = 0; i < kFramesPerTurn && !coordinator_->ended(); ++i) {
      auto incoming = socket_.receive();
      if (!incoming) break;
      take_frame(*std::move(incoming));
    }
    if (!coordinator_->ended()) coordinator_->collect(monotonic_now());
    while (evaluator_ && !coordinator_->ended()) {
      const auto done = evaluator_->take_done();
      if (!done) break;
      coordinator_->handle(*done, monotonic_now());
    }
    if (!coordinator_->ended() && coordinator_->next_tick() <= monotonic_now()) {
      coordinator_->handle(Tick{}, monotonic_now());
    }
    say_first_times(monotonic_now());
  }
  socket_.close(kFinishedLinger);
}

// A connection outlives its key's place on the list: libzmq asks once, when it is made.
void Server::take_frame(net::Incoming incoming) {
  if (socket_.encrypted() && !doorman_->allows(incoming.key)) {
    ++frames_not_allowed_;
    coordinator_->handle(KeyRevoked{std::move(incoming.key), std::move(incoming.peer)},
                         monotonic_now());
    return;
  }
  coordinator_->handle(
      FrameArrived{std::move(incoming.peer), std::move(incoming.key), std::move(incoming.frame)},
      monotonic_now());
}

NetCounters Server::net_counters() const {
  NetCounters counters;
  if (doorman_ != nullptr) {
    const net::DoorCounters door = doorman_->counters();
    counters.connections = door.connections;
    counters.accepts_failed = door.accepts_failed;
    counters.disconnections = door.disconnections;
    counters.handshakes_failed = door.handshakes_failed;
    counters.keys_refused = door.keys_refused;
    counters.handshakes_put_off = door.handshakes_put_off;
    counters.keys_put_off = door.keys_put_off;
  }
  const net::RouterCounters& socket = socket_.counters();
  const TrafficTotals& traffic = coordinator_->session().traffic();
  counters.joins_put_off = traffic.joins_put_off;
  counters.joins_refused_full = traffic.joins_refused_full;
  counters.catch_ups_put_off = traffic.catch_ups_put_off;
  counters.frames_malformed = socket.misshapen + traffic.malformed;
  counters.frames_not_allowed = frames_not_allowed_;
  counters.frames_skipped = socket.skipped;
  counters.frames_undelivered = socket.gone;
  counters.takeover_alarms = traffic.takeover_alarms;
  return counters;
}

void Server::say_first_times(Instant now) {
  if (now < next_first_times_) return;
  next_first_times_ = now + kFirstTimesEvery;
  for (const std::string& sentence : first_times_.news(net_counters())) {
    reporter_.note_weighty(sentence);
  }
}

void Server::send(const std::string& peer, const Frame& frame) { socket_.send(peer, frame); }

void Server::evaluate(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) {
  evaluator_->start(round, std::move(x));
}

void Server::round_finished(const RoundRow& row) { reporter_.round_finished(row); }

void Server::evaluation_known(const EvaluationRow& row) { reporter_.evaluation_known(row); }

void Server::note(const std::string& text) { reporter_.note(text); }

void Server::note_weighty(const std::string& text) { reporter_.note_weighty(text); }

}  // namespace psephos::coordinator
