// A model that only its clients can compute (tests/examples/own_model), and runs that begin with
// given parameters.

#include <csignal>
#include <fstream>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end {
namespace {

namespace fs = std::filesystem;

const std::string kTensors = PSEPHOS_SOURCE_DIR "/tests/examples/own_model/TENSORS.toml";
const Flags kExternal = {"--model", "external:" + kTensors};

class OwnModel : public EndToEnd {
 protected:
  // Ends well, and with the run's parameters.
  void expect_finished(Process& client, const std::string& folder = "run") {
    EXPECT_EQ(client.wait(), 0) << client.err();
    EXPECT_EQ(fingerprint_in(client.out()), summary(folder)["fingerprint"]) << client.out();
    EXPECT_EQ(client.err().find("does not match"), std::string::npos) << client.err();
  }
  double loss_of_first_round(const std::string& folder) const {
    return std::stod(read_csv(path(folder) / "metrics.csv").at(0, "train_loss"));
  }
};

TEST_F(OwnModel, IsTrainedByItsClientsWhoSayHowWellItDoes) {
  Process coordinator = lead(kExternal + words("--min-voters 3 --rounds 300 --lr 0.02 --batch 64 "
                                               "--schedule cosine --eval-every 10"));
  Process kitchen = start_own_model({endpoint(), "kitchen"});
  Process hall = start_own_model({endpoint(), "hall"});
  Process garage = start_own_model({endpoint(), "garage"});
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  for (Process* client : {&kitchen, &hall, &garage}) expect_finished(*client);

  // Two thirds of the points lie outside the circle.
  const auto said = summary();
  EXPECT_EQ(said["accuracy_of"], "clients");
  EXPECT_EQ(said["d"], 65);
  EXPECT_GT(said["accuracy"], 0.95);
  EXPECT_LT(said["loss"], 0.2);
  const Csv evaluations = read_csv(path("run") / "evaluations.csv");
  EXPECT_EQ(evaluations.at(0, "held_out_accuracy"), "");
  EXPECT_LT(std::stod(evaluations.at(0, "clients_mean_accuracy")) + 0.1, said["accuracy"]);
  EXPECT_NE(coordinator.out().find("as clients report of their own data"), std::string::npos)
      << coordinator.out();
  EXPECT_NE(coordinator.err().find("external with 65 parameters"), std::string::npos);
}

TEST_F(OwnModel, GoesOnFromParametersOfAnEarlierRunAlsoWithThoseWhoComeLate) {
  {
    Process coordinator = lead(kExternal + words("--min-voters 1 --rounds 300 --lr 0.02"), "first");
    Process client = start_own_model({endpoint(), "kitchen"});
    EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
    expect_finished(client, "first");
  }
  // Rounds that take their time; and once hall is gone, none closes before somebody else comes.
  Process coordinator =
      lead(kExternal + Flags{"--init", (path("first") / "parameters.npy").string()} +
               words("--min-voters 2 --rounds 60 --lr 1e-4 --heartbeat-ms 500 --local-steps 100 "
                     "--local-lr 1e-4"),
           "second");
  Process kitchen = start_own_model({endpoint(), "kitchen"});
  Process hall = start_own_model({endpoint(), "hall"});
  ASSERT_TRUE(wait_for_round(2, "second"));
  hall.signal(SIGKILL);
  hall.wait();
  Process late = start_own_model({endpoint(), "late"});
  EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  for (Process* client : {&kitchen, &late}) expect_finished(*client, "second");
  EXPECT_EQ(late.err().find("at round 0"), std::string::npos) << late.err();
  // Where the first run ended, not where it began.
  EXPECT_LT(loss_of_first_round("second"), 0.5 * loss_of_first_round("first"));
}

TEST_F(OwnModel, AClientWithAnotherModelIsToldWhichTensorDiffers) {
  std::ofstream(path("other.toml")) << "[[tensor]]\nname = \"hidden.weight\"\ncount = 32\n"
                                       "init_scale = 1\n[[tensor]]\nname = \"hidden.bias\"\n"
                                       "count = 17\ninit_scale = 1\n";
  Process coordinator = lead({"--model", "external:" + path("other.toml").string()});
  Process client = start_own_model({endpoint(), "kitchen"});
  EXPECT_EQ(client.wait(), 1);
  EXPECT_NE(client.err().find("tensor 2 is 'hidden.bias' (16 parameters, init_scale 1) here and "
                              "'hidden.bias' (17 parameters, init_scale 1) there"),
            std::string::npos)
      << client.err();
  coordinator.wait_for_err("client kitchen left: it cannot take part");
}

TEST_F(OwnModel, TheClientOfOurModelsSaysThatItCannotTakePart) {
  Process coordinator = lead(kExternal);
  Process client = start_client({"--connect", endpoint(), "--dataset", "synthetic", "--quiet"});
  EXPECT_EQ(client.wait(), 1);
  const auto said = lines_of(client.err());
  ASSERT_EQ(said.size(), 1U) << client.err();
  EXPECT_NE(said[0].find("this run's model is the user's own (external)"), std::string::npos);
  EXPECT_NE(said[0].find("client::GradientSource"), std::string::npos);
}

TEST_F(OwnModel, GivenParametersAreWhereEveryTransportBegins) {
  const Flags small = words("--dataset synthetic --model softmax --clients 3 --quiet");
  Process first =
      start_simulate(small + words("--rounds 50 --lr 0.01 --out") + Flags{path("first").string()});
  ASSERT_EQ(first.wait(), 0) << first.err();
  const Flags begin = small + words("--rounds 20 --lr 1e-4 --init") +
                      Flags{(path("first") / "parameters.npy").string(), "--out"};
  for (const std::string transport : {"memory", "tcp"}) {
    Process run = start_simulate(begin + Flags{path(transport).string(), "--transport", transport});
    ASSERT_EQ(run.wait(), 0) << run.err();
    EXPECT_EQ(run.err().find("does not match"), std::string::npos) << run.err();
    EXPECT_LT(loss_of_first_round(transport), 0.8 * loss_of_first_round("first"));
  }
  EXPECT_EQ(summary("memory")["fingerprint"], summary("tcp")["fingerprint"]);
  EXPECT_EQ(summary("memory")["accuracy_of"], "held-out");
}

}  // namespace
}  // namespace psephos::end_to_end
