// Clients that lose their process at any moment, under a real coordinator: with a state saved every
// round, what a run comes to does not depend on it.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/session/session.h"
#include "client/work/worker.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/ledger/memory_ledger.h"
#include "tests/client/work/quadratic.h"

namespace psephos::client::testing {
namespace {

constexpr std::uint32_t kClients = 2;
constexpr std::uint32_t kRounds = 10;
constexpr std::uint32_t kD = 43;
constexpr std::uint32_t kSamples = 50;
constexpr int kMostSteps = 20'000;

// The medium on which states survive.
struct Medium : StateKeeper {
  Status keep(const ClientState& state) override {
    bytes = encode_state(state);
    ++saves;
    return Ok{};
  }
  Bytes bytes;
  int saves = 0;
};

class World : private coordinator::Outlet {
 public:
  // Before which steps the client whose turn it is loses its process.
  using Crashes = std::function<bool(int step)>;

  World(std::uint32_t save_every, Crashes crashes)
      : save_every_(save_every),
        crashes_(std::move(crashes)),
        coordinator_(options(), std::make_unique<coordinator::MemoryLedger>(), *this) {
    coordinator_.handle(coordinator::Started{}, now_);
    for (std::uint32_t i = 0; i < kClients; ++i) start(i);
  }

  // The fingerprint that all end with, or 0 when they do not.
  std::uint64_t run() {
    while (!over() && step_ < kMostSteps) turn();
    EXPECT_TRUE(over()) << "it hangs in round " << coordinator_.session().round();
    for (const Device& device : devices_) {
      EXPECT_EQ(device.ending, Ending::kFinished);
      EXPECT_EQ(device.session->fingerprint(), coordinator_.session().fingerprint());
      if (device.session->fingerprint() != coordinator_.session().fingerprint()) return 0;
    }
    return coordinator_.session().fingerprint();
  }

  int steps() const { return step_; }
  int saves() const { return devices_[0].medium.saves; }
  int mismatches() const { return mismatches_; }

 private:
  struct Device {
    Medium medium;
    std::unique_ptr<Session> session;
    std::unique_ptr<Worker> worker;
    std::string peer;
    int lives = 0;
    std::deque<Frame> inbox;
    std::deque<Frame> outbox;
    std::optional<Job> job;
    std::optional<JobDone> done;
    std::optional<Ending> ending;
  };

  static coordinator::CoordinatorOptions options() {
    coordinator::CoordinatorOptions options;
    options.config.hyper.rounds = kRounds;
    options.config.hyper.seed = 5;
    options.config.hyper.worker = *parse_worker_rule("signum:0.75");
    options.config.batch = 4;
    options.config.min_voters = kClients;
    options.config.lr = 0.25;
    options.tensors = quadratic_tensors(kD);
    options.run = 77;
    options.session = 88;
    options.held_out = false;
    return options;
  }

  void start(std::uint32_t i) {
    Device& device = devices_[i];
    const PhiloxKey key{21, i};
    SessionOptions session;
    session.name = "client-" + std::to_string(i);
    session.arithmetic = "test";
    session.key = key;
    session.save_every.rounds = save_every_;
    if (!device.medium.bytes.empty()) {
      auto state = decode_state(device.medium.bytes);
      ASSERT_TRUE(state) << state.error().text;
      session.restored = std::make_shared<const RunState>(*std::move(state->run));
    }
    device.session = std::make_unique<Session>(std::move(session));
    device.worker = std::make_unique<Worker>(quadratic(kD, kSamples), key);
    device.worker->keep_state_in(device.medium);
    device.peer = std::to_string(i) + "/" + std::to_string(device.lives++);
    device.inbox.clear();
    device.job.reset();
    device.done.reset();
    step(device, Started{});
  }

  bool over() const {
    return coordinator_.ended() && std::ranges::all_of(devices_, [](const Device& device) {
             return device.ending.has_value();
           });
  }

  // One thing happens: to one of the devices in turn, or time passes.
  void turn() {
    for (std::uint32_t tried = 0; tried < kClients; ++tried) {
      const std::uint32_t i = next_++ % kClients;
      Device& device = devices_[i];
      const bool idle =
          device.outbox.empty() && device.inbox.empty() && !device.job && !device.done;
      if (idle || (device.ending && device.outbox.empty())) continue;
      if (!device.ending && crashes_(step_)) {
        // What it had sent arrives or does not.
        if (step_ % 2 == 0) device.outbox.clear();
        mismatches_ += static_cast<int>(device.session->fingerprint_mismatches());
        start(i);
      } else {
        proceed(device);
      }
      ++step_;
      return;
    }
    ++step_;
    now_ = coordinator_.next_tick();
    for (const Device& device : devices_) now_ = std::min(now_, device.session->next_tick());
    coordinator_.handle(coordinator::Tick{}, now_);
    for (Device& device : devices_) step(device, Tick{});
  }

  // A job's effects and the news of them are two things: a process may end between them.
  void proceed(Device& device) {
    if (!device.outbox.empty()) {
      const Frame frame = device.outbox.front();
      device.outbox.pop_front();
      coordinator_.handle(coordinator::FrameArrived{device.peer, "", frame}, now_);
    } else if (device.done) {
      step(device, JobEnded{*std::exchange(device.done, std::nullopt)});
    } else if (device.job) {
      device.done = device.worker->perform(*std::exchange(device.job, std::nullopt), scratch_);
    } else {
      const Frame frame = device.inbox.front();
      device.inbox.pop_front();
      step(device, FrameArrived{frame});
    }
  }

  void step(Device& device, const Event& event) {
    for (Action& action : device.session->step(event, now_)) {
      if (auto* frame = std::get_if<SendFrame>(&action)) {
        device.outbox.push_back(std::move(frame->frame));
      } else if (auto* start = std::get_if<StartJob>(&action)) {
        device.job = std::move(start->job);
      } else if (auto* end = std::get_if<End>(&action)) {
        device.ending = end->ending;
        mismatches_ += static_cast<int>(device.session->fingerprint_mismatches());
      }
    }
  }

  void send(const std::string& peer, const Frame& frame) override {
    for (Device& device : devices_) {
      if (device.peer == peer && !device.ending) device.inbox.push_back(frame);
    }
  }
  void evaluate(std::uint32_t, std::shared_ptr<const AlignedVector<float>>) override {}
  void round_finished(const RoundRow&) override {}
  void evaluation_known(const EvaluationRow&) override {}
  void note(const std::string&) override {}

  std::uint32_t save_every_;
  Crashes crashes_;
  Instant now_{std::chrono::seconds(1)};
  Device devices_[kClients];
  std::uint32_t next_ = 0;
  int step_ = 0;
  int mismatches_ = 0;
  Scratch scratch_;
  coordinator::Coordinator coordinator_;
};

std::uint64_t undisturbed() {
  return World(0, [](int) { return false; }).run();
}

TEST(Crash, SavingChangesNothingOfARun) {
  for (const std::uint32_t every : {1u, 3u}) {
    World world(every, [](int) { return false; });
    EXPECT_EQ(world.run(), undisturbed());
    EXPECT_EQ(world.saves(), every == 1 ? kRounds + 1 : 5) << "0, 3, 6, 9, and the end";
  }
}

TEST(Crash, AtAnyOneMomentTheRunEndsAsIfNothingHadBeen) {
  const std::uint64_t expected = undisturbed();
  int steps = 1;
  for (int moment = 0; moment < steps; ++moment) {
    World world(1, [&](int step) { return step == moment; });
    ASSERT_EQ(world.run(), expected) << "crashed before step " << moment;
    ASSERT_EQ(world.mismatches(), 0) << "crashed before step " << moment;
    steps = std::max(steps, world.steps());
  }
  EXPECT_GT(steps, 100);
}

TEST(Crash, AnyNumberOfThemChangesNothing) {
  const std::uint64_t expected = undisturbed();
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    World world(1, [seed](int step) {
      const auto index = static_cast<std::uint64_t>(step);
      return below(philox_word({seed, 0}, 0, Purpose::kFault, index), 20) == 0;
    });
    ASSERT_EQ(world.run(), expected) << "seed " << seed;
    ASSERT_EQ(world.mismatches(), 0) << "seed " << seed;
  }
}

// Momentum is lost then, so the run is another one; that everybody agrees on it is checked by
// run().
TEST(Crash, WithFewerSavesOrNoneTheRunStillEndsInOneTruth) {
  std::set<std::uint64_t> ends;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    World world(seed % 2 == 0 ? 0 : 4, [seed](int step) {
      const auto index = static_cast<std::uint64_t>(step);
      return below(philox_word({seed, 0}, 0, Purpose::kFault, index), 20) == 0;
    });
    const std::uint64_t end = world.run();
    ASSERT_NE(end, 0u) << "seed " << seed;
    ends.insert(end);
  }
  EXPECT_GT(ends.size(), 1u) << "else the tests above would show nothing";
}

}  // namespace
}  // namespace psephos::client::testing
