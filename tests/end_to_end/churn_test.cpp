// Clients that come late, die, or stand still while a run goes on over TCP: each catches up, votes
// again and ends with the coordinator's parameters. That a client is back shows in the run's own
// books: it is counted among the voters, and nobody votes whose replica does not match.

#include <csignal>
#include <thread>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end {
namespace {

// Far more rounds than the tests wait for: they end their runs themselves.
constexpr const char* kEndless = "--rounds 100000000";
constexpr const char* kRun =
    "--dataset synthetic --model softmax --min-voters 2 --deadline-ms 200 --heartbeat-ms 100 "
    "--eval-every 0 --seed 3 --quiet";

class Churn : public EndToEnd {
 protected:
  Process join_as(int part) {
    return join(part, 3, {"--dataset", "synthetic", "--seed", "3", "--save", saved(part).string()});
  }

  std::filesystem::path saved(int part) const {
    return path("client-" + std::to_string(part) + ".npy");
  }

  // The run goes on for so many rounds without anybody's doing.
  bool let_pass(std::uint32_t rounds) const { return wait_for_round(progress().round + rounds); }

  // Ends the run; everybody has to leave with its parameters.
  void end(Process& coordinator, std::vector<Process*> clients) {
    coordinator.signal(SIGINT);
    expect_agreement(coordinator, 130, std::move(clients));
  }

  void expect_agreement(Process& coordinator, int status, std::vector<Process*> clients) {
    EXPECT_EQ(coordinator.wait(), status) << coordinator.err();
    const auto fingerprint = summary().at("fingerprint").get<std::string>();
    const std::string parameters = read_text(path("run") / "parameters.npy");
    for (std::size_t i = 0; i < clients.size(); ++i) {
      SCOPED_TRACE("client " + std::to_string(i + 1));
      EXPECT_EQ(clients[i]->wait(), 0) << clients[i]->err();
      EXPECT_EQ(fingerprint_in(clients[i]->out()), fingerprint) << clients[i]->err();
      EXPECT_TRUE(read_text(saved(static_cast<int>(i + 1))) == parameters);
    }
  }
};

TEST_F(Churn, AClientThatStartsLateTakesPart) {
  Process coordinator = lead(words(kRun) + words(kEndless));
  Process first = join_as(1);
  Process second = join_as(2);
  ASSERT_TRUE(wait_for_round(40));
  Process late = join_as(3);
  ASSERT_TRUE(wait_for_voters(3));
  ASSERT_TRUE(let_pass(20));
  end(coordinator, {&first, &second, &late});
}

TEST_F(Churn, AClientThatStartsFarBehindTakesACheckpoint) {
  Process coordinator = lead(words(kRun) + words(kEndless));
  Process first = join_as(1);
  Process second = join_as(2);
  ASSERT_TRUE(wait_for_round(200));  // more than the decisions that are kept in memory
  Process late = join_as(3);
  ASSERT_TRUE(wait_for_voters(3));
  end(coordinator, {&first, &second, &late});
}

TEST_F(Churn, AClientThatTakesAnothersPlaceCarriesTheRunToItsOwnEnd) {
  Process coordinator = lead(words(kRun) + words("--rounds 1000"));
  Process first = join_as(1);
  {
    Process killed = join_as(2);
    ASSERT_TRUE(wait_for_round(40));
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.wait(), 128 + SIGKILL);
  }
  // If the rounds are not over by now, they wait for two voters.
  Process late = join_as(3);
  EXPECT_EQ(late.wait(), 0) << late.err();
  expect_agreement(coordinator, 0, {&first});
  EXPECT_EQ(fingerprint_in(late.out()), summary().at("fingerprint"));
  EXPECT_EQ(summary().at("rounds"), 1000);
}

TEST_F(Churn, AClientThatIsKilledComesBackUnderItsName) {
  Process coordinator = lead(words(kRun) + words(kEndless));
  Process first = join_as(1);
  Process second = join_as(2);
  {
    Process killed = join_as(3);
    ASSERT_TRUE(wait_for_voters(3));
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.wait(), 128 + SIGKILL);
  }
  ASSERT_TRUE(wait_for_voters(2));
  ASSERT_TRUE(let_pass(50));
  Process again = join_as(3);
  ASSERT_TRUE(wait_for_voters(3));
  end(coordinator, {&first, &second, &again});
  EXPECT_EQ(summary().at("clients"), 3);
}

TEST_F(Churn, AClientThatStoodStillForAHundredRoundsCatchesUp) {
  Process coordinator = lead(words(kRun) + words(kEndless));
  Process first = join_as(1);
  Process second = join_as(2);
  Process still = join_as(3);
  ASSERT_TRUE(wait_for_voters(3));
  still.signal(SIGSTOP);
  ASSERT_TRUE(wait_for_voters(2));
  ASSERT_TRUE(let_pass(100));
  EXPECT_EQ(progress().voters, 2U);
  still.signal(SIGCONT);
  ASSERT_TRUE(wait_for_voters(3));
  end(coordinator, {&first, &second, &still});
}

TEST_F(Churn, ThoseWhoAreDrawnSeldomCatchUpWhenTheyAre) {
  Process coordinator =
      lead(words(kRun) + words("--rounds 300 --audience drawn --fraction 0.67 --min-clients 3"));
  Process first = join_as(1);
  Process second = join_as(2);
  Process third = join_as(3);
  expect_agreement(coordinator, 0, {&first, &second, &third});
}

TEST_F(Churn, ARestartedCoordinatorLeadsANewRunAndItsClientsFollow) {
  Process lost = lead(words(kRun) + words(kEndless), "lost");
  Process first = join_as(1);
  Process second = join_as(2);
  ASSERT_TRUE(wait_for_round(40, "lost"));
  lost.signal(SIGKILL);
  EXPECT_EQ(lost.wait(), 128 + SIGKILL);

  Process coordinator = start_coordinator(
      words(kRun) + Flags{"--rounds", "50", "--bind", endpoint(), "--out", path("run").string()});
  expect_agreement(coordinator, 0, {&first, &second});
  for (const Process* client : {&first, &second}) {
    EXPECT_NE(client->err().find("starting afresh"), std::string::npos) << client->err();
  }
}

}  // namespace
}  // namespace psephos::end_to_end
