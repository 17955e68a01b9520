#include "client/agent/agent.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "client/agent/connection_report.h"
#include "runtime/base/overloaded.h"
#include "runtime/wire/describe.h"
#include "runtime/wire/limits.h"

namespace psephos::client {
namespace {

// While a connection is being made frames wait here; the session says again whatever matters.
constexpr std::size_t kOutboxFrames = 8;
// Frames taken in before heartbeats and ends of jobs have their turn.
constexpr int kFramesPerTurn = 64;
// How often a waiting agent looks for an interrupt at least.
constexpr auto kLongestWait = std::chrono::milliseconds(200);
constexpr auto kLeaveLinger = std::chrono::milliseconds(1000);

Instant monotonic_now() {
  return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

// The second thread: takes one job, does it, wakes the first.
class Agent::Arithmetic {
 public:
  Arithmetic(Worker& worker, ArithmeticSlots* slots, net::Waker& waker)
      : worker_(worker), slots_(slots), waker_(waker), thread_([this] { work(); }) {}

  ~Arithmetic() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void start(Job job) {
    {
      const std::lock_guard lock(mutex_);
      job_ = std::move(job);
    }
    changed_.notify_all();
  }

  std::optional<JobDone> take_done() {
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, std::nullopt);
  }

 private:
  void work() {
    while (true) {
      std::optional<Job> job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closing_ || job_; });
        if (closing_) return;
        job = std::exchange(job_, std::nullopt);
      }
      if (slots_) slots_->acquire();
      JobDone done = worker_.perform(*job, scratch_);
      if (slots_) slots_->release();
      {
        const std::lock_guard lock(mutex_);
        done_ = std::move(done);
      }
      waker_.wake();
    }
  }

  Worker& worker_;
  Scratch scratch_;
  ArithmeticSlots* slots_;
  net::Waker& waker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Job> job_;
  std::optional<JobDone> done_;
  bool closing_ = false;
  std::thread thread_;
};

Agent::Agent(net::Context& context, AgentOptions options, std::unique_ptr<Worker> worker,
             std::function<void(const Note&)> note)
    : context_(context),
      options_(std::move(options)),
      worker_(std::move(worker)),
      note_(std::move(note)) {}

Result<AgentOutcome> Agent::run(const std::function<bool()>& interrupted) {
  const auto connect = [this] {
    return net::DealerSocket::connect(
        context_, options_.endpoint, wire::client_max_frame(options_.session.max_parameters),
        static_cast<int>(Hyperparameters{}.heartbeat_ms), options_.curve, options_.watched);
  };
  auto first = connect();
  if (!first) return first.error();
  std::optional<net::DealerSocket> socket = std::move(*first);

  SessionOptions machine = options_.session;
  options_.session.restored.reset();  // as large as the replica; the machine lets go of it in time
  Session session(std::move(machine));
  AgentOutcome outcome;
  std::deque<Frame> outbox;
  Arithmetic arithmetic(*worker_, options_.slots, waker_);
  ConnectionReport report(options_.endpoint, options_.curve);

  const auto flush = [&] {
    while (socket && !outbox.empty() && socket->send(outbox.front())) {
      if (options_.trace) {
        options_.trace("-> " + wire::describe_client_frame(*outbox.front(), kMaxParameters));
      }
      outbox.pop_front();
    }
  };
  const auto reconnect = [&] {
    flush();  // a Leave may be among it
    outbox.clear();
    if (socket) socket->close(kLeaveLinger);
    socket.reset();
    // What a machine short of descriptors or memory does not give now it may give later: the
    // session takes it for one more attempt that nobody answered.
    auto again = connect();
    if (again) {
      socket = std::move(*again);
    } else if (auto sentence = report.failure(again.error()); sentence && note_) {
      note_({*std::move(sentence)});
    }
  };
  const auto perform = Overloaded{
      [&](SendFrame& frame) {
        if (outbox.size() == kOutboxFrames) outbox.pop_front();
        outbox.push_back(std::move(frame.frame));
      },
      [&](StartJob& start) { arithmetic.start(std::move(start.job)); },
      [&](Reconnect&) { reconnect(); },
      [&](Note& said) {
        if (note_) note_(said);
      },
      [&](End& end) {
        outcome.ending = end.ending;
        outcome.text = std::move(end.text);
      },
  };
  const auto step = [&](const Event& event) {
    for (Action& action : session.step(event, monotonic_now())) std::visit(perform, action);
  };

  step(Started{});
  while (!session.ended()) {
    flush();
    const auto until_tick = std::chrono::duration_cast<std::chrono::milliseconds>(
        session.next_tick() - monotonic_now() + std::chrono::milliseconds(1));
    const auto wait = std::min<std::chrono::milliseconds>(kLongestWait, until_tick);
    socket ? net::wait(*socket, &waker_, wait, !outbox.empty()) : net::wait(waker_, wait);
    waker_.drain();
    while (const auto news = socket ? socket->news() : std::nullopt) {
      if (auto sentence = report.sentence(*news); sentence && note_) note_({*std::move(sentence)});
    }
    if (interrupted()) step(StopAsked{});
    for (int i = 0; i < kFramesPerTurn && socket && !session.ended(); ++i) {
      auto frame = socket->receive();
      if (!frame) break;
      if (options_.trace) {
        options_.trace("<- " +
                       wire::describe_coordinator_frame(**frame, options_.session.max_parameters));
      }
      step(FrameArrived{std::move(*frame)});
    }
    if (auto done = arithmetic.take_done()) {
      if (const auto* ready = std::get_if<BallotReady>(&*done)) {
        outcome.gradient_s += ready->ballot->gradient_s;
      }
      step(JobEnded{std::move(*done)});
    }
    if (session.next_tick() <= monotonic_now()) step(Tick{});
  }
  flush();
  if (socket) socket->close(kLeaveLinger);
  outcome.round = session.round().value_or(0);
  outcome.joined = session.round().has_value();
  outcome.fingerprint = session.fingerprint();
  outcome.mismatches = session.fingerprint_mismatches();
  return outcome;
}

}  // namespace psephos::client
