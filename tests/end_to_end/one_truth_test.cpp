// One truth: the same seed and configuration end in the same bytes, whoever runs them. The
// simulator on one thread and on two, over sockets, with each table of kernels that this machine
// can run, and a coordinator with clients that are processes of their own, each with another table.

#include "platforms/kernels/kernels.h"
#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end {
namespace {

struct Truth {
  const char* name;
  int clients;
  const char* partition;
  const char* flags;    // of the run
  const char* dataset;  // of everybody
};

void PrintTo(const Truth& truth, std::ostream* out) { *out << truth.name; }

class OneTruth : public EndToEnd, public testing::WithParamInterface<Truth> {
 protected:
  Flags run_flags() const {
    return words(GetParam().flags) + Flags{"--dataset", GetParam().dataset, "--quiet"};
  }

  // Simulates it; the run is in path(folder) then.
  void simulate(const std::string& folder, const Flags& how) {
    Process process =
        start_simulate(run_flags() + how +
                       Flags{"--clients", std::to_string(GetParam().clients), "--partition",
                             GetParam().partition, "--out", path(folder).string()});
    ASSERT_EQ(process.wait(), 0) << process.err();
  }

  // The same with processes; every client's parameters are in path("client-I.npy").
  void hold(const std::string& folder) {
    const std::string clients = std::to_string(GetParam().clients);
    Process coordinator = lead(run_flags() + Flags{"--min-voters", clients, "--partition",
                                                   GetParam().partition, "--parts", clients},
                               folder);
    std::vector<Process> members;
    for (int part = 1; part <= GetParam().clients; ++part) {
      const auto tables = kernels::runnable_kernels();
      const char* table = tables[static_cast<std::size_t>(part) % tables.size()]->name;
      members.push_back(join(part, GetParam().clients,
                             {"--dataset", GetParam().dataset, "--partition", GetParam().partition,
                              "--seed", "7", "--quiet", "--kernels", table, "--save",
                              path("client-" + std::to_string(part) + ".npy").string()}));
    }
    for (Process& member : members) {
      ASSERT_EQ(member.wait(), 0) << member.err();
      said_.push_back(fingerprint_in(member.out()));
    }
    ASSERT_EQ(coordinator.wait(), 0) << coordinator.err();
  }

  std::vector<std::string> said_;  // fingerprints, by the clients
};

TEST_P(OneTruth, WhoeverRunsItTheSameParametersComeOut) {
  ASSERT_NO_FATAL_FAILURE(simulate("one-thread", {"--threads", "1"}));
  ASSERT_NO_FATAL_FAILURE(simulate("two-threads", {"--threads", "2"}));
  ASSERT_NO_FATAL_FAILURE(simulate("tcp", {"--transport", "tcp"}));
  ASSERT_NO_FATAL_FAILURE(hold("processes"));
  std::vector<std::string> others = {"two-threads", "tcp", "processes"};
  for (const kernels::Kernels* table : kernels::runnable_kernels()) {
    ASSERT_NO_FATAL_FAILURE(simulate(table->name, {"--kernels", table->name}));
    others.push_back(table->name);
  }

  const nlohmann::json first = summary("one-thread");
  const std::string parameters = read_text(path("one-thread") / "parameters.npy");
  ASSERT_GT(parameters.size(), 4 * first.at("d").get<std::size_t>());
  for (const std::string& folder : others) {
    SCOPED_TRACE(folder);
    const nlohmann::json other = summary(folder);
    for (const char* key : {"fingerprint", "rounds", "d", "accuracy", "loss", "ballots_counted",
                            "bits_up_per_parameter", "bits_down_per_parameter", "arithmetic"}) {
      EXPECT_EQ(other.at(key), first.at(key)) << key;
    }
    EXPECT_TRUE(read_text(path(folder) / "parameters.npy") == parameters);
  }
  for (int part = 1; part <= GetParam().clients; ++part) {
    SCOPED_TRACE("client " + std::to_string(part));
    EXPECT_EQ(said_.at(static_cast<std::size_t>(part - 1)), first.at("fingerprint"));
    const std::string name = "client-" + std::to_string(part) + ".npy";
    EXPECT_TRUE(read_text(path(name)) == parameters);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Runs, OneTruth,
    ::testing::Values(
        Truth{"Softmax", 4, "iid", "--model softmax --rounds 200 --seed 7", "synthetic"},
        Truth{"FashionMnist", 4, "iid", "--model mlp:128 --rounds 60 --schedule cosine --seed 7",
              "fashion-mnist"},
        Truth{"ThresholdAndQuorum", 5, "dirichlet:0.5",
              "--model mlp:16 --ballot threshold:0.5 --decision quorum:0.3 --rounds 150 --seed 7",
              "synthetic"},
        Truth{"BinaryWithDecay", 4, "iid",
              "--model mlp:24,12 --downlink binary --weight-decay 0.5 --lr 0.003 --rounds 150 "
              "--seed 7",
              "synthetic"},
        Truth{"LocalSteps", 3, "shards:2",
              "--model softmax --algorithm signsgd --local-steps 3 --local-lr 0.05 --rounds 120 "
              "--seed 7",
              "synthetic"},
        Truth{"LocalEpoch", 3, "iid",
              "--model softmax --local-steps epoch --batch 100 --schedule step:10,15 --rounds 20 "
              "--seed 7",
              "synthetic"}),
    [](const auto& truth) { return truth.param.name; });

}  // namespace
}  // namespace psephos::end_to_end
