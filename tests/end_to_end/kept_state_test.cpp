// Clients that keep their state (--state): killed again and again under a real coordinator, the run
// ends as if nobody had been.

#include <csignal>
#include <fstream>
#include <thread>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end::kept_state_test {
namespace {

namespace fs = std::filesystem;

constexpr int kClients = 2;
constexpr std::uint32_t kRounds = 300;
// A killed client is waited for: all vote in every round.
constexpr const char* kRun =
    "--dataset synthetic --model softmax --algorithm signum --min-voters 2 --heartbeat-ms 100 "
    "--eval-every 0 --seed 3 --quiet --rounds 300";

class KeptState : public EndToEnd {
 protected:
  std::string state(int part) const { return path(std::to_string(part) + ".state").string(); }

  Process join_as(int part, const Flags& more = {}) {
    return join(part, kClients, words("--dataset synthetic --seed 3") + more);
  }
  Process join_with_state(int part, const std::string& every = "1") {
    return join_as(part, {"--state", state(part), "--state-every", every});
  }

  // What the run comes to when nobody dies.
  std::string undisturbed() {
    Process coordinator = lead(words(kRun), "undisturbed");
    Process first = join_as(1);
    Process second = join_as(2);
    EXPECT_EQ(first.wait(), 0) << first.err();
    EXPECT_EQ(second.wait(), 0) << second.err();
    EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
    return summary("undisturbed").at("fingerprint").get<std::string>();
  }
};

TEST_F(KeptState, KilledAtAnyMomentTheRunEndsAsIfNothingHadBeen) {
  const std::string expected = undisturbed();
  Process coordinator = lead(words(kRun));
  Process first = join_with_state(1);
  for (std::uint32_t kill = 1; kill <= 6; ++kill) {
    Process second = join_with_state(2);
    ASSERT_TRUE(wait_for_round(kill * kRounds / 8));
    std::this_thread::sleep_for(std::chrono::microseconds(700 * kill));  // anywhere in a round
    second.signal(SIGKILL);
    EXPECT_EQ(second.wait(), 128 + SIGKILL);
  }
  Process second = join_with_state(2);
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(second.wait(), 0) << second.err();
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  EXPECT_EQ(summary().at("fingerprint"), expected);
  EXPECT_EQ(fingerprint_in(first.out()), expected);
  EXPECT_EQ(fingerprint_in(second.out()), expected);
  EXPECT_NE(second.err().find("going on from the state of round"), std::string::npos)
      << second.err();
}

TEST_F(KeptState, StoppedByASignalItGoesOnWhereItStood) {
  const std::string expected = undisturbed();
  Process coordinator = lead(words(kRun));
  Process first = join_with_state(1);
  for (const int number : {SIGTERM, SIGINT}) {
    Process second = join_with_state(2, "1000000");
    ASSERT_TRUE(wait_for_round(number == SIGTERM ? 100 : 200));
    second.signal(number);
    EXPECT_EQ(second.wait(), 128 + number) << second.err();
  }
  Process second = join_with_state(2);
  EXPECT_EQ(second.wait(), 0) << second.err();
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  EXPECT_EQ(summary().at("fingerprint"), expected);
}

TEST_F(KeptState, ADamagedFileIsKeptAsideAndTheClientTakesPart) {
  {
    std::ofstream file(state(2), std::ios::binary);
    file << "PSPHSTAT and then nothing that makes sense";
  }
  const std::string damaged = read_text(state(2));
  Process coordinator = lead(words(kRun));
  Process first = join_with_state(1);
  Process second = join_with_state(2);
  EXPECT_EQ(second.wait(), 0) << second.err();
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  EXPECT_NE(second.err().find("starting clean"), std::string::npos) << second.err();
  EXPECT_EQ(read_text(state(2) + ".bad"), damaged);
}

TEST_F(KeptState, ASecretSeedIsDrawnOnceAndForItsOwnerAlone) {
  const Flags own = words("--connect tcp://127.0.0.1:9 --dataset synthetic --state") +
                    Flags{state(1)};  // nobody listens there
  std::string kept;
  for (int start = 0; start < 2; ++start) {
    Process client = start_client(own);
    client.wait_for_err("connecting to");
    client.signal(SIGTERM);
    EXPECT_EQ(client.wait(), 128 + SIGTERM);
    EXPECT_EQ(fs::status(state(1)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    if (start == 0) kept = read_text(state(1));
    EXPECT_EQ(read_text(state(1)), kept);
  }
  EXPECT_FALSE(kept.empty());
}

TEST_F(KeptState, AFullDiskDoesNotStopAClientFromVoting) {
  Process coordinator = lead(words(kRun));
  Process first = join_with_state(1);
  Process second =
      start_client(words("--dataset synthetic --seed 3 --part 2/2 --state-every 1 --connect") +
                       Flags{endpoint(), "--state", state(2)},
                   /*largest_file=*/3000);
  EXPECT_EQ(second.wait(), 0) << second.err();
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  const std::string said = second.err();
  const std::size_t once = said.find("the state is not saved");
  EXPECT_NE(once, std::string::npos) << said;
  EXPECT_EQ(said.find("the state is not saved", once + 1), std::string::npos) << said;
}

TEST_F(KeptState, FlagsThatCannotMeanAnythingAreUsageErrors) {
  Process alone = start_client(words("--connect tcp://127.0.0.1:9 --state-every 5"));
  EXPECT_EQ(alone.wait(), 2);
  EXPECT_NE(alone.err().find("--state-every goes with --state"), std::string::npos) << alone.err();
  Process nowhere = start_client(words("--connect tcp://127.0.0.1:9 --dataset synthetic --state") +
                                 Flags{path("missing/folder/a.state").string()});
  EXPECT_EQ(nowhere.wait(), 1);
  EXPECT_NE(nowhere.err().find("--state: cannot write"), std::string::npos) << nowhere.err();
}

}  // namespace
}  // namespace psephos::end_to_end::kept_state_test
