// Ctrl-C and SIGTERM in the middle of a run: a clean end, a summary, a complete run folder, and the
// exit status that shells expect.

#include <csignal>
#include <thread>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end::interrupt_test {
namespace {

constexpr const char* kEndless =
    "--dataset synthetic --model softmax --rounds 100000000 --heartbeat-ms 100";

class Interrupt : public EndToEnd {
 protected:
  void expect_complete_folder(const Process& process) {
    const nlohmann::json found = summary();
    EXPECT_EQ(found.at("interrupted"), true);
    EXPECT_EQ(found.at("stopped_because"), "interrupted");
    EXPECT_EQ(read_csv(path("run") / "metrics.csv").rows.size(), found.at("rounds"));
    for (const char* name : {"config.toml", "clients.csv", "parameters.npy", "evaluations.csv"}) {
      EXPECT_TRUE(std::filesystem::exists(path("run") / name)) << name;
    }
    EXPECT_EQ(fingerprint_in(process.out()), found.at("fingerprint")) << process.out();
  }

  // Started, and some rounds into it.
  Process simulation(const std::string& flags) {
    Process process =
        start_simulate(words(kEndless) + words(flags) + Flags{"--out", path("run").string()});
    wait_for_round(20);
    return process;
  }
};

TEST_F(Interrupt, ASimulationEndsWithItsSummary) {
  Process process = simulation("--clients 3");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 130);
  expect_complete_folder(process);
}

TEST_F(Interrupt, ASimulationOverSocketsEndsWithItsSummary) {
  Process process = simulation("--clients 3 --transport tcp");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 130);
  expect_complete_folder(process);
}

TEST_F(Interrupt, SigtermIsHeardAsWell) {
  Process process = simulation("--clients 3");
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 143);
  expect_complete_folder(process);
}

TEST_F(Interrupt, ACoordinatorEndsAndItsClientsFinishWithWhatItHad) {
  Process coordinator = lead(words(kEndless) + words("--min-voters 2"));
  Process first = join(1, 2, words("--dataset synthetic --seed 1"));
  Process second = join(2, 2, words("--dataset synthetic --seed 1"));
  ASSERT_TRUE(wait_for_round(20));
  coordinator.signal(SIGINT);
  EXPECT_EQ(coordinator.wait(), 130);
  expect_complete_folder(coordinator);
  for (Process* client : {&first, &second}) {
    EXPECT_EQ(client->wait(), 0) << client->err();
    EXPECT_EQ(fingerprint_in(client->out()), summary().at("fingerprint"));
  }
}

TEST_F(Interrupt, ACoordinatorThatStillWaitsForClientsEndsToo) {
  Process coordinator = lead(words(kEndless) + words("--min-voters 2"));
  coordinator.wait_for_err("waiting for 2 clients");
  coordinator.signal(SIGTERM);
  EXPECT_EQ(coordinator.wait(), 143);
  EXPECT_EQ(summary().at("rounds"), 0);
  expect_complete_folder(coordinator);
}

TEST_F(Interrupt, ASecondOneDoesNotWaitForClients) {
  // It stands still, so that nobody acknowledges the end; far below the time it would be given.
  Process coordinator = lead(words("--dataset synthetic --model softmax --rounds 100000000"));
  Process client = join(1, 2, words("--dataset synthetic --seed 1"));
  ASSERT_TRUE(wait_for_round(20));
  client.signal(SIGSTOP);
  coordinator.signal(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(coordinator.running());
  const auto begin = std::chrono::steady_clock::now();
  coordinator.signal(SIGINT);
  EXPECT_EQ(coordinator.wait(), 130);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3) * kSlowness);
  expect_complete_folder(coordinator);
}

TEST_F(Interrupt, AClientLeavesAndTheOthersGoOn) {
  Process coordinator = lead(words(kEndless));
  Process stays = join(1, 2, words("--dataset synthetic --seed 1"));
  Process leaves = join(
      2, 2, words("--dataset synthetic --seed 1") + Flags{"--save", path("left.npy").string()});
  ASSERT_TRUE(wait_for_voters(2));
  leaves.signal(SIGINT);
  EXPECT_EQ(leaves.wait(), 130);
  EXPECT_NE(leaves.out().find("stopped at round "), std::string::npos) << leaves.out();
  EXPECT_FALSE(std::filesystem::exists(path("left.npy")));  // these are not the final parameters
  ASSERT_TRUE(wait_for_voters(1));
  EXPECT_NE(coordinator.err().find("client-2 left"), std::string::npos) << coordinator.err();
  coordinator.signal(SIGINT);
  EXPECT_EQ(coordinator.wait(), 130);
  EXPECT_EQ(stays.wait(), 0) << stays.err();
}

TEST_F(Interrupt, ASecondOneDoesNotWaitForAGradient) {
  // One ballot of this run takes hours.
  Process coordinator =
      lead(words("--dataset synthetic --model mlp:1000,1000 --local-steps 1000000 --batch 1000"));
  Process client = join(1, 1, words("--dataset synthetic --seed 1"));
  client.wait_for_err("joined run");
  client.signal(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  client.signal(SIGINT);
  EXPECT_EQ(client.wait(), 130);
  coordinator.signal(SIGINT);
  EXPECT_EQ(coordinator.wait(), 130);
}

}  // namespace
}  // namespace psephos::end_to_end::interrupt_test
