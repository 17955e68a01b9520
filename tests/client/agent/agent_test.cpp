#include "client/agent/agent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "tests/client/agent/hand_made_coordinator.h"

namespace psephos::client::testing {
namespace {

constexpr std::uint32_t kHeartbeatMs = 200;  // patient enough for a busy machine

// An agent at work in a thread of its own; interrupted at the latest when the test is over.
class RunningAgent {
 public:
  RunningAgent(net::Context& context, const std::string& endpoint, const std::string& name,
               GradientFactory factory, ArithmeticSlots* slots = nullptr)
      : agent_(context, options(endpoint, name, slots),
               std::make_unique<Worker>(std::move(factory), PhiloxKey{3, 1}),
               [this](const Note& note) {
                 const std::lock_guard lock(mutex_);
                 notes_.push_back(note.text);
               }),
        outcome_(std::async(std::launch::async, [this] {
          return agent_.run([this] { return interrupted_.load(); });
        })) {}
  ~RunningAgent() { interrupt(); }

  void interrupt() { interrupted_ = true; }
  Result<AgentOutcome> outcome() { return outcome_.get(); }

  // Waits for a note with `words` in it; false where none comes.
  bool noted(const std::string& words) {
    for (const auto end = std::chrono::steady_clock::now() + kPatience;
         std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(milliseconds(5))) {
      const std::lock_guard lock(mutex_);
      const auto has = [&](const std::string& note) { return note.find(words) != note.npos; };
      if (std::ranges::any_of(notes_, has)) return true;
    }
    return false;
  }

  // After outcome().
  std::span<const float> parameters() const { return agent_.worker().parameters(); }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  static AgentOptions options(const std::string& endpoint, const std::string& name,
                              ArithmeticSlots* slots) {
    AgentOptions options;
    options.endpoint = endpoint;
    options.session.name = name;
    options.session.arithmetic = "test";
    options.session.key = {3, 1};
    options.slots = slots;
    return options;
  }

  std::atomic<bool> interrupted_{false};
  std::mutex mutex_;  // of notes_
  std::vector<std::string> notes_;
  Agent agent_;
  std::future<Result<AgentOutcome>> outcome_;
};

TEST(Agent, TrainsToTheEndWithTheCoordinatorsReplica) {
  net::Context context;
  HandMadeCoordinator coordinator(context, "tcp://127.0.0.1:0", 40, kHeartbeatMs);
  RunningAgent agent(context, coordinator.endpoint(), "c", quadratic(kParameters, kSamples));
  ASSERT_TRUE(coordinator.serve_until([&] { return coordinator.left.has_value(); }));
  EXPECT_EQ(*coordinator.left, wire::LeaveReason::kFinished);
  EXPECT_EQ(coordinator.ballots, 40);
  const auto outcome = agent.outcome();
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(outcome->ending, Ending::kFinished);
  EXPECT_EQ(outcome->round, 40u);
  EXPECT_EQ(outcome->fingerprint, coordinator.x().fingerprint());
  EXPECT_GT(outcome->gradient_s, 0);
  EXPECT_TRUE(std::ranges::equal(agent.parameters(), coordinator.x().parameters()));
}

TEST(Agent, WaitsForACoordinatorThatAppearsLate) {
  net::Context context;
  std::string endpoint;
  {
    HandMadeCoordinator here_and_gone(context, "tcp://127.0.0.1:0", 3, kHeartbeatMs);
    endpoint = here_and_gone.endpoint();
  }
  RunningAgent agent(context, endpoint, "c", quadratic(kParameters, kSamples));
  std::this_thread::sleep_for(milliseconds(100));  // its first connection finds nobody
  HandMadeCoordinator coordinator(context, endpoint, 3, kHeartbeatMs);
  ASSERT_TRUE(coordinator.serve_until([&] { return coordinator.left.has_value(); }));
  const auto outcome = agent.outcome();
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(outcome->ending, Ending::kFinished);
  EXPECT_EQ(std::ranges::count_if(agent.notes(),
                                  [](const std::string& note) {
                                    return note.find("still trying") != std::string::npos;
                                  }),
            1);
}

// EMFILE, as where a process has run out of descriptors: of two sockets in all the agent has one
// and the test the other, and the one that the agent closes is not free at once.
TEST(Agent, WithoutASocketForANewConnectionItTriesAgainUntilThereIsOne) {
  net::Context two(2);
  net::Context elsewhere;
  std::string endpoint;
  {
    HandMadeCoordinator here_and_gone(elsewhere, "tcp://127.0.0.1:0", 3, kHeartbeatMs);
    endpoint = here_and_gone.endpoint();
  }
  RunningAgent agent(two, endpoint, "c", quadratic(kParameters, kSamples));
  ASSERT_TRUE(agent.noted("still trying"));
  {
    const auto other = net::DealerSocket::connect(two, endpoint, 1024, 1000);
    ASSERT_TRUE(agent.noted("(trying again)"));
  }
  HandMadeCoordinator coordinator(elsewhere, endpoint, 3, kHeartbeatMs);
  ASSERT_TRUE(coordinator.serve_until([&] { return coordinator.left.has_value(); }));
  const auto outcome = agent.outcome();
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(outcome->ending, Ending::kFinished);
}

TEST(Agent, JoinsAgainAfterTheCoordinatorRestarted) {
  net::Context context;
  HandMadeCoordinator coordinator(context, "tcp://127.0.0.1:0", 8, 50);
  RunningAgent agent(context, coordinator.endpoint(), "c", quadratic(kParameters, kSamples));
  ASSERT_TRUE(coordinator.serve_until([&] { return coordinator.round() == 4; }));
  coordinator.restart(context);
  ASSERT_TRUE(coordinator.serve_until([&] { return coordinator.left.has_value(); }));
  EXPECT_GE(coordinator.joins, 2);
  const auto outcome = agent.outcome();
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(outcome->ending, Ending::kFinished);
  EXPECT_EQ(outcome->fingerprint, coordinator.x().fingerprint());
}

TEST(Agent, HeartbeatsGoOnWhileAGradientTakesItsTime) {
  constexpr std::uint32_t kOften = 100;
  net::Context context;
  HandMadeCoordinator coordinator(context, "tcp://127.0.0.1:0", 1, kOften);
  std::atomic<bool> computing{false};
  RunningAgent agent(context, coordinator.endpoint(), "c",
                     quadratic(kParameters, kSamples, [&](Quadratic& model) {
                       model.before_gradient = [&] {
                         computing = true;
                         std::this_thread::sleep_for(milliseconds(1000));
                       };
                     }));
  ASSERT_TRUE(coordinator.serve_until([&] { return computing.load(); }));
  const int before = coordinator.heartbeats;
  ASSERT_TRUE(coordinator.serve_until([&] { return coordinator.ballots == 1; }));
  // Ten on an idle machine; every one of them would be missing if they waited for the gradient.
  EXPECT_GE(coordinator.heartbeats - before, 3);
  ASSERT_TRUE(coordinator.serve_until([&] { return coordinator.left.has_value(); }));
}

TEST(Agent, InterruptedItSaysLeaveBeforeItsGradientEnds) {
  net::Context context;
  HandMadeCoordinator coordinator(context, "tcp://127.0.0.1:0", 10, kHeartbeatMs);
  std::atomic<bool> computing{false};
  std::promise<void> go_on;
  const std::shared_future<void> may_end = go_on.get_future().share();
  RunningAgent agent(context, coordinator.endpoint(), "c",
                     quadratic(kParameters, kSamples, [&](Quadratic& model) {
                       model.before_gradient = [&computing, may_end] {
                         computing = true;
                         may_end.wait_for(kPatience);
                       };
                     }));
  ASSERT_TRUE(coordinator.serve_until([&] { return computing.load(); }));
  agent.interrupt();
  const bool left = coordinator.serve_until([&] { return coordinator.left.has_value(); });
  EXPECT_EQ(coordinator.ballots, 0);
  go_on.set_value();
  ASSERT_TRUE(left);
  EXPECT_EQ(*coordinator.left, wire::LeaveReason::kStopped);
  const auto outcome = agent.outcome();
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(outcome->ending, Ending::kStopped);
}

TEST(Agent, InterruptedWhileNobodyAnswersItReturns) {
  net::Context context;
  RunningAgent agent(context, "tcp://127.0.0.1:1", "c", quadratic(kParameters, kSamples));
  agent.interrupt();
  const auto outcome = agent.outcome();
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(outcome->ending, Ending::kStopped);
  EXPECT_EQ(outcome->round, 0u);
}

TEST(Agent, AnEndpointThatMakesNoSenseIsAnError) {
  net::Context context;
  RunningAgent agent(context, "nowhere", "c", quadratic(kParameters, kSamples));
  const auto outcome = agent.outcome();
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().text.find("nowhere"), std::string::npos);
}

TEST(Agent, SlotsBoundHowManyComputeAtOnce) {
  net::Context context;
  HandMadeCoordinator first(context, "tcp://127.0.0.1:0", 5, kHeartbeatMs);
  HandMadeCoordinator second(context, "tcp://127.0.0.1:0", 5, kHeartbeatMs);
  ArithmeticSlots slots(1);
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  const auto tune = [&](Quadratic& model) {
    model.before_gradient = [&] {
      most = std::max(most.load(), ++at_once);
      std::this_thread::sleep_for(milliseconds(10));
      --at_once;
    };
  };
  RunningAgent one(context, first.endpoint(), "a", quadratic(kParameters, kSamples, tune), &slots);
  RunningAgent two(context, second.endpoint(), "b", quadratic(kParameters, kSamples, tune), &slots);
  std::thread beside(
      [&] { EXPECT_TRUE(second.serve_until([&] { return second.left.has_value(); })); });
  EXPECT_TRUE(first.serve_until([&] { return first.left.has_value(); }));
  beside.join();
  EXPECT_TRUE(one.outcome());
  EXPECT_TRUE(two.outcome());
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace psephos::client::testing
