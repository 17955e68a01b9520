// Runs that outlive their coordinator: killed, started again, refused, copied, compared.

#include <csignal>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end::ledger_test {
namespace {

constexpr const char* kRun =
    "--dataset synthetic --model softmax --min-voters 2 --seed 3 --heartbeat-ms 100 "
    "--weight-decay 0.01 --eval-every 50 --quiet";

constexpr const char* kInUse =
    "another program (a coordinator, or psephos-ledger) has this ledger open";

class Ledgers : public EndToEnd {
 protected:
  Flags keep(const std::string& ledger, const std::string& flags) const {
    return words(kRun) + words(flags) + Flags{"--ledger", path(ledger).string()};
  }
  Process client(int part) { return join(part, 2, words("--dataset synthetic --seed 3")); }
  std::string ledger_says(const Flags& flags, int status) {
    Process process = start_ledger(flags);
    EXPECT_EQ(process.wait(), status) << process.out() << process.err();
    return status == 0 || process.err().empty() ? process.out() : process.err();
  }
  std::string fingerprint_of_verified(const std::string& ledger) {
    return fingerprint_in(ledger_says({"verify", path(ledger).string()}, 0));
  }
  // What a coordinator says that does not start.
  std::string refusal(const Flags& flags) {
    Process process = start_coordinator(flags + words("--bind tcp://127.0.0.1:0"));
    EXPECT_EQ(process.wait(), 1) << process.err();
    return process.err();
  }
  // A run without a disturbance, in a ledger; its fingerprint.
  std::string lead_to_the_end(const std::string& ledger, const std::string& flags) {
    Process coordinator = lead(keep(ledger, flags), ledger + ".run");
    Process first = client(1);
    Process second = client(2);
    EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
    EXPECT_EQ(first.wait(), 0) << first.err();
    EXPECT_EQ(second.wait(), 0) << second.err();
    const auto fingerprint = summary(ledger + ".run").at("fingerprint").get<std::string>();
    EXPECT_EQ(fingerprint_in(first.out()), fingerprint);
    return fingerprint;
  }
};

TEST_F(Ledgers, ACoordinatorKilledAgainAndAgainEndsWithTheRunNobodyDisturbed) {
  const std::string undisturbed = lead_to_the_end("calm", "--rounds 400");

  // The same command each time: every process reports into a folder of its own.
  auto coordinator = std::make_optional(lead(keep("killed", "--rounds 400"), "run"));
  const std::string bound = endpoint();
  Process first = client(1);
  Process second = client(2);
  const auto folder = [](std::uint32_t part) {
    return part == 1 ? std::string("run") : "run/part-" + std::to_string(part);
  };
  for (std::uint32_t part = 1; part <= 3; ++part) {
    ASSERT_TRUE(wait_for_round(100 * part, folder(part)));
    coordinator->signal(SIGKILL);
    EXPECT_EQ(coordinator->wait(), 128 + SIGKILL);
    coordinator.emplace(start_coordinator(keep("killed", "--rounds 400") +
                                          Flags{"--bind", bound, "--out", path("run").string()}));
  }
  EXPECT_EQ(coordinator->wait(), 0) << coordinator->err();
  EXPECT_NE(coordinator->err().find("going on at round"), std::string::npos);
  for (Process* one : {&first, &second}) {
    EXPECT_EQ(one->wait(), 0) << one->err();
    EXPECT_EQ(fingerprint_in(one->out()), undisturbed) << one->err();
  }
  EXPECT_EQ(summary(folder(4)).at("fingerprint"), undisturbed);
  EXPECT_EQ(summary(folder(4)).at("rounds"), 400);
  EXPECT_EQ(fingerprint_of_verified("killed"), undisturbed);
  // Not one decision is another.
  EXPECT_NE(ledger_says({"diff", path("calm").string(), path("killed").string()}, 0)
                .find("the same for all 400 rounds"),
            std::string::npos);
}

TEST_F(Ledgers, AStoppedCoordinatorsClientsWaitAndComeBack) {
  const std::string undisturbed = lead_to_the_end("calm", "--rounds 1000");
  Process stops = lead(keep("stopped", "--rounds 1000"));
  const std::string bound = endpoint();
  Process first = client(1);
  Process second = client(2);
  ASSERT_TRUE(wait_for_round(100));
  stops.signal(SIGINT);
  EXPECT_EQ(stops.wait(), 130) << stops.err();
  first.wait_for_err("will go on with the run: waiting for it");
  second.wait_for_err("will go on with the run: waiting for it");
  Process goes_on = start_coordinator(keep("stopped", "--rounds 1000") + Flags{"--bind", bound});
  EXPECT_EQ(goes_on.wait(), 0) << goes_on.err();
  for (Process* one : {&first, &second}) {
    EXPECT_EQ(one->wait(), 0) << one->err();
    EXPECT_EQ(fingerprint_in(one->out()), undisturbed) << one->err();
  }
  EXPECT_EQ(fingerprint_of_verified("stopped"), undisturbed);
}

TEST_F(Ledgers, OtherOptionsAndASecondCoordinatorAreRefused) {
  const std::string fingerprint = lead_to_the_end("run", "--rounds 40");
  struct Other {
    const char* flags;
    const char* named;
  };
  for (const Other& other :
       {Other{"--rounds 40 --lr 0.5", "--lr"},
        {"--rounds 39", "--rounds"},
        {"--rounds 40 --beta 0.5", "--algorithm signum:0.9, not signum:0.5"}}) {
    Process refused =
        start_coordinator(keep("run", other.flags) + words("--bind tcp://127.0.0.1:0"));
    EXPECT_EQ(refused.wait(), 1) << other.flags;
    EXPECT_NE(refused.err().find(other.named), std::string::npos) << refused.err();
  }
  Process leads = lead(keep("run", "--rounds 50 --max-clients 77"), "more");
  Process second =
      start_coordinator(keep("run", "--rounds 50") + words("--bind tcp://127.0.0.1:0"));
  EXPECT_EQ(second.wait(), 1);
  for (const Flags& looks : {Flags{"verify", path("run").string()},
                             Flags{"backup", path("run").string(), path("copy").string()}}) {
    EXPECT_NE(ledger_says(looks, 1).find(kInUse), std::string::npos);
  }
  EXPECT_NE(second.err().find(kInUse), std::string::npos);
  leads.signal(SIGINT);
  EXPECT_EQ(leads.wait(), 130);
  EXPECT_EQ(fingerprint_of_verified("run"), fingerprint);
}

TEST_F(Ledgers, AnotherTestSetIsRefused) {
  std::ofstream table(path("table.csv"));
  table << "x,kind\n";
  for (int i = 0; i < 20; ++i) table << i << ',' << i % 2 << '\n';
  table.close();
  const auto flags = [&](const char* fraction) {
    return words("--model softmax --rounds 9 --quiet --test-fraction") +
           Flags{fraction, "--dataset", "csv:" + path("table.csv").string() + ":kind", "--ledger",
                 path("kept").string()};
  };
  for (int start = 0; start < 2; ++start) {
    Process coordinator = lead(flags("0.2"), start == 0 ? "run" : "again");
    coordinator.signal(SIGINT);
    EXPECT_EQ(coordinator.wait(), 130) << coordinator.err();
    Process refused = start_coordinator(flags("0.4") + words("--bind tcp://127.0.0.1:0"));
    EXPECT_EQ(refused.wait(), 1);
    EXPECT_NE(refused.err().find("its run has dataset "), std::string::npos) << refused.err();
  }
}

TEST_F(Ledgers, MoreRoundsGoOnWithAFinishedRun) {
  const std::string at_once = lead_to_the_end("at-once", "--rounds 80");
  lead_to_the_end("in-parts", "--rounds 50");
  // Clients of the first part are gone; theirs was a momentum that these begin anew.
  Process coordinator = lead(keep("in-parts", "--rounds 80"), "more");
  Process first = client(1);
  Process second = client(2);
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(second.wait(), 0) << second.err();
  EXPECT_EQ(summary("more").at("rounds"), 80);
  EXPECT_EQ(read_csv(path("more") / "metrics.csv").at(0, "round"), "51");
  const std::string said =
      ledger_says({"diff", path("at-once").string(), path("in-parts").string()}, 1);
  EXPECT_NE(said.find("they part in round 50, first in block 0 "), std::string::npos) << said;
  EXPECT_NE(fingerprint_of_verified("in-parts"), at_once);
}

TEST_F(Ledgers, AFullDiskEndsTheCoordinatorAndTheRunGoesOnOnceThereIsRoom) {
  const std::string undisturbed = lead_to_the_end("calm", "--rounds 150");
  constexpr std::uint64_t kRoom = 200'000;
  const std::string file = path("endpoint").string();
  Process full = start_coordinator(
      keep("full", "--rounds 150") + Flags{"--bind", "tcp://127.0.0.1:0", "--endpoint-file", file},
      kRoom);
  full.wait_for_err("waiting for 2 clients");
  const std::string bound = lines_of(read_text(file)).at(0);
  const auto connect = [&](const char* part) {
    return start_client(
        {"--connect", bound, "--part", part, "--dataset", "synthetic", "--seed", "3"});
  };
  Process first = connect("1/2");
  Process second = connect("2/2");
  EXPECT_EQ(full.wait(), 1);
  const std::string says = path("full").string() + ": the disk failed to read or write it";
  EXPECT_NE(full.err().find(says), std::string::npos) << full.err();
  Process coordinator = start_coordinator(keep("full", "--rounds 150") + Flags{"--bind", bound});
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(second.wait(), 0) << second.err();
  EXPECT_EQ(fingerprint_of_verified("full"), undisturbed);
}

TEST_F(Ledgers, AreListedExportedCopiedAndBegunFrom) {
  const std::string fingerprint = lead_to_the_end("run", "--rounds 40");
  const std::string run = path("run").string();
  const std::string listed = ledger_says({"list", run, "--last", "2", "--who"}, 0);
  for (const char* word : {"650 parameters, 40 of 40 rounds", "--weight-decay 0.01",
                           "client-1 voted", "client-2 voted"}) {
    EXPECT_NE(listed.find(word), std::string::npos) << listed;
  }
  EXPECT_NE(listed.find(fingerprint), std::string::npos);

  const std::string newest = path("newest.npy").string();
  EXPECT_EQ(fingerprint_in(ledger_says({"export", run, "--out", newest}, 0)), fingerprint);
  EXPECT_EQ(read_text(newest), read_text(path("run.run") / "parameters.npy"));
  EXPECT_NE(
      ledger_says({"export", run, "--round", "41", "--out", newest}, 1).find("ends at round 40"),
      std::string::npos);

  const std::string copy = path("copy").string();
  ledger_says({"backup", run, copy}, 0);
  EXPECT_EQ(fingerprint_of_verified("copy"), fingerprint);
  EXPECT_NE(ledger_says({"backup", run, copy}, 1).find("is there already"), std::string::npos);

  // Another run begins where this one ended.
  Process coordinator = lead(keep("warm", "--rounds 5") + Flags{"--warm-start", run}, "warm.run");
  Process first = client(1);
  Process second = client(2);
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(second.wait(), 0) << second.err();
  const Flags x_0{"export", path("warm").string(), "--round", "0", "--out", newest};
  EXPECT_EQ(fingerprint_in(ledger_says(x_0, 0)), fingerprint);
}

TEST_F(Ledgers, ARunGoesOnWithTheParametersItBeganWith) {
  lead_to_the_end("drawn", "--rounds 10");
  lead_to_the_end("longer", "--rounds 20");
  const Flags warm_start{"--warm-start", path("drawn").string()};
  const Flags other_start{"--warm-start", path("longer").string()};
  lead_to_the_end("warm", "--rounds 5 --warm-start " + path("drawn").string());

  EXPECT_NE(refusal(keep("warm", "--rounds 5") + other_start).find("began with other parameters"),
            std::string::npos);
  EXPECT_NE(refusal(keep("drawn", "--rounds 10") + other_start).find("its seed drew"),
            std::string::npos);
  const std::string newest = path("newest.npy").string();
  ledger_says({"export", path("longer").string(), "--out", newest}, 0);
  EXPECT_NE(refusal(keep("warm", "--rounds 5") + Flags{"--init", newest}).find("other parameters"),
            std::string::npos);
  const Flags gone{"--init", path("gone.npy").string()};
  EXPECT_NE(refusal(keep("warm", "--rounds 5") + gone).find("goes on without it"),
            std::string::npos);

  // The command that began it, and the one without the beginning.
  for (const Flags& flags : {keep("warm", "--rounds 5") + warm_start, keep("warm", "--rounds 5")}) {
    Process goes_on = start_coordinator(flags + words("--bind tcp://127.0.0.1:0"));
    goes_on.wait_for_err("going on at round 5");
    goes_on.signal(SIGKILL);
    goes_on.wait();
  }
}

TEST_F(Ledgers, MisusedProgramsSaySo) {
  EXPECT_NE(ledger_says({}, 2), "");
  EXPECT_NE(ledger_says({"verify"}, 2), "");
  EXPECT_NE(ledger_says({"weigh", "run"}, 2), "");
  EXPECT_NE(ledger_says({"verify", path("nothing").string()}, 1).find("nothing"),
            std::string::npos);
  EXPECT_NE(ledger_says({"--help"}, 0).find("psephos-ledger verify today.ledger"),
            std::string::npos);
  EXPECT_NE(ledger_says({"list", "--help"}, 0).find("--who"), std::string::npos);
  const char* in_memory = "is no file's name";
  EXPECT_NE(ledger_says({"list", ":memory:"}, 1).find(in_memory), std::string::npos);
  EXPECT_NE(ledger_says({"verify", ""}, 1).find(in_memory), std::string::npos);
  EXPECT_NE(refusal(words(kRun) + words("--ledger :memory:")).find(in_memory), std::string::npos);
  EXPECT_NE(refusal(words(kRun) + words("--warm-start :memory:")).find(in_memory),
            std::string::npos);
  Process both = start_coordinator(words("--init a.npy --warm-start b"));
  EXPECT_EQ(both.wait(), 2);
}

}  // namespace
}  // namespace psephos::end_to_end::ledger_test
