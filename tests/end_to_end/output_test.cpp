// What a person and a script see: help, versions, progress, the summary, the run folder.

#include <cctype>
#include <sstream>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end::output_test {
namespace {

constexpr const char* kRun =
    "--dataset synthetic --model softmax --rounds 60 --eval-every 20 --seed 5";

class Output : public EndToEnd {
 protected:
  static void expect_every_key(const nlohmann::json& json) {
    for (const char* key : {"program", "accuracy", "loss", "rounds", "d", "clients",
                            "bits_up_per_parameter", "bits_down_per_parameter", "frame_overhead_up",
                            "frame_overhead_down", "bytes_up", "bytes_down", "fingerprint",
                            "wall_s", "gradient_s", "rounds_per_s", "arithmetic", "seed"}) {
      EXPECT_TRUE(json.contains(key)) << key;
    }
    EXPECT_GT(json.at("accuracy").get<double>(), 0.1);  // chance
    EXPECT_GT(json.at("loss").get<double>(), 0);
    EXPECT_EQ(json.at("rounds"), 60);
    EXPECT_EQ(json.at("d"), 650);
    EXPECT_EQ(json.at("seed"), 5);
    EXPECT_LE(json.at("frame_overhead_up"), 96);
    EXPECT_LE(json.at("frame_overhead_down"), 160);
    EXPECT_GT(json.at("wall_s").get<double>(), 0);
    EXPECT_GT(json.at("rounds_per_s").get<double>(), 0);
    EXPECT_NE(json.at("arithmetic"), "");
  }

  // The files of path("run") and the summary tell the same story.
  void expect_agreement(const nlohmann::json& json, int clients) {
    EXPECT_EQ(summary(), json);
    EXPECT_EQ(json.at("clients"), clients);

    const Csv metrics = read_csv(path("run") / "metrics.csv");
    ASSERT_EQ(metrics.rows.size(), json.at("rounds"));
    for (std::size_t i = 0; i < metrics.rows.size(); ++i) {
      EXPECT_EQ(metrics.at(i, "round"), std::to_string(i + 1));
      EXPECT_EQ(metrics.at(i, "voters"), std::to_string(clients));
    }
    EXPECT_EQ(metrics.at(metrics.rows.size() - 1, "fingerprint"), json.at("fingerprint"));

    const Csv evaluations = read_csv(path("run") / "evaluations.csv");
    ASSERT_EQ(evaluations.rows.size(), 3U);  // at 20, 40 and 60
    EXPECT_EQ(evaluations.at(2, "round"), "60");
    EXPECT_DOUBLE_EQ(std::stod(evaluations.at(2, "held_out_accuracy")),
                     json.at("accuracy").get<double>());

    const Csv members = read_csv(path("run") / "clients.csv");
    ASSERT_EQ(members.rows.size(), static_cast<std::size_t>(clients));
    std::uint64_t counted = 0;
    std::uint64_t samples = 0;
    for (std::size_t i = 0; i < members.rows.size(); ++i) {
      counted += std::stoull(members.at(i, "counted"));
      samples += std::stoull(members.at(i, "samples"));
      EXPECT_GT(std::stod(members.at(i, "agreement")), 0.5);
    }
    EXPECT_EQ(counted, json.at("ballots_counted"));
    EXPECT_EQ(samples, 6000U);

    const std::string parameters = read_text(path("run") / "parameters.npy");
    EXPECT_TRUE(parameters.starts_with("\x93NUMPY"));
    EXPECT_NE(parameters.find("'shape': (650,)"), std::string::npos);
    EXPECT_EQ(parameters.size() % 64, (650 * 4) % 64);
    EXPECT_NE(read_text(path("run") / "config.toml").find("rounds=60"), std::string::npos);
  }
};

void expect_plain_lines(const std::string& text) {
  EXPECT_TRUE(text.empty() || text.ends_with('\n'));
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    ASSERT_TRUE(byte == '\n' || (byte >= 0x20 && byte != 0x7f)) << "byte " << int{byte};
  }
}

TEST_F(Output, OfASimulation) {
  Process process =
      start_simulate(words(kRun) + words("--clients 3 --json --out") + Flags{path("run").string()});
  ASSERT_EQ(process.wait(), 0) << process.err();
  const std::vector<std::string> lines = lines_of(process.out());
  ASSERT_FALSE(lines.empty());
  const nlohmann::json json = nlohmann::json::parse(lines.back());
  EXPECT_EQ(json.at("program"), "psephos-simulate");
  EXPECT_GT(json.at("gradient_s").get<double>(), 0);
  expect_every_key(json);
  expect_agreement(json, 3);
  expect_plain_lines(process.err());
}

TEST_F(Output, OfASimulationOverSockets) {
  Process process = start_simulate(words(kRun) + words("--clients 3 --transport tcp --json --out") +
                                   Flags{path("run").string()});
  ASSERT_EQ(process.wait(), 0) << process.err();
  const nlohmann::json json = nlohmann::json::parse(lines_of(process.out()).back());
  EXPECT_EQ(json.at("wall_s"), json.at("virtual_s"));
  expect_every_key(json);
  expect_agreement(json, 3);
}

TEST_F(Output, OfACoordinatorAndItsClients) {
  Process coordinator = lead(words(kRun) + words("--min-voters 2 --json"));
  Process first = join(1, 2, words("--dataset synthetic --seed 5"));
  Process second = join(2, 2, words("--dataset synthetic --seed 5 --quiet"));
  ASSERT_EQ(coordinator.wait(), 0) << coordinator.err();
  const nlohmann::json json = nlohmann::json::parse(lines_of(coordinator.out()).back());
  EXPECT_EQ(json.at("program"), "psephos-coordinator");
  EXPECT_TRUE(json.at("gradient_s").is_null());  // theirs to know
  expect_every_key(json);
  expect_agreement(json, 2);
  expect_plain_lines(coordinator.err());

  ASSERT_EQ(first.wait(), 0);
  ASSERT_EQ(second.wait(), 0);
  const auto fingerprint = json.at("fingerprint").get<std::string>();
  EXPECT_EQ(first.out(), "client-1: finished after 60 rounds, fingerprint " + fingerprint + "\n");
  EXPECT_EQ(second.out(), "client-2: finished after 60 rounds, fingerprint " + fingerprint + "\n");
  EXPECT_NE(first.err().find("joined run " + json.at("run").get<std::string>()), std::string::npos);
  EXPECT_EQ(second.err(), "");
}

TEST_F(Output, SaysWhatCrossedTheWireBesideFp32) {
  Process process = start_simulate(words(kRun) + words("--clients 2"));
  ASSERT_EQ(process.wait(), 0);
  EXPECT_NE(process.out().find("fp32 gradients would have cost"), std::string::npos);
  EXPECT_NE(process.out().find("times less"), std::string::npos);
}

TEST_F(Output, ProgressIsALinePerEvaluationAndQuietIsSilent) {
  Process loud = start_simulate(words(kRun) + words("--clients 2"));
  ASSERT_EQ(loud.wait(), 0);
  EXPECT_NE(loud.err().find("round 60/60"), std::string::npos) << loud.err();
  EXPECT_NE(loud.err().find("accuracy 0."), std::string::npos) << loud.err();
  EXPECT_EQ(loud.err().find("joined run"), std::string::npos) << loud.err();
  expect_plain_lines(loud.err());

  Process quiet = start_simulate(words(kRun) + words("--clients 2 --quiet"));
  ASSERT_EQ(quiet.wait(), 0);
  EXPECT_EQ(quiet.err().find("round 60/60"), std::string::npos) << quiet.err();
}

TEST_F(Output, ManyClientsAreNotAFloodOfLines) {
  // All but a few are too slow to be live for long.
  Process process = start_simulate(
      words("--dataset synthetic --model softmax --clients 500 --rounds 30 --min-voters 5 "
            "--deadline-ms 100 --heartbeat-ms 100 --latency 1 --slow 0.9:5000"));
  ASSERT_EQ(process.wait(), 0) << process.err();
  const std::vector<std::string> lines = lines_of(process.err());
  EXPECT_LT(lines.size(), 60U) << process.err();
  EXPECT_NE(process.err().find("more such lines left out"), std::string::npos) << process.err();
}

TEST_F(Output, AClientThatIsSeldomCountedIsNamed) {
  Process process = start_simulate(
      words("--dataset synthetic --model softmax --clients 4 --rounds 100 --min-voters 2 "
            "--deadline-ms 100 --latency 1 --compute 2 --slow 0.25:60"));
  ASSERT_EQ(process.wait(), 0) << process.err();
  EXPECT_NE(process.out().find("client-4 was counted in "), std::string::npos) << process.out();
  EXPECT_EQ(process.out().find("client-1 was counted in "), std::string::npos) << process.out();
}

// Every flag that an example uses exists in the program that it shows.
void expect_honest_examples(const std::string& help, const std::string& program) {
  const std::size_t examples = help.find("Examples:");
  ASSERT_NE(examples, std::string::npos);
  const std::string options = help.substr(0, examples);
  int commands = 0;
  for (const std::string& line : lines_of(help.substr(examples))) {
    if (line.find("    " + program) != 0) continue;
    ++commands;
    std::istringstream stream(line);
    for (std::string word; stream >> word;) {
      if (word.starts_with("--")) {
        EXPECT_NE(options.find("  " + word + " "), std::string::npos) << word;
      }
    }
  }
  EXPECT_GE(commands, 2);
}

TEST_F(Output, HelpTeaches) {
  const auto check = [](Process process, const std::string& program) {
    SCOPED_TRACE(program);
    ASSERT_EQ(process.wait(), 0);
    expect_honest_examples(process.out(), program);
    for (const std::string& line : lines_of(process.out())) EXPECT_LE(line.size(), 105U) << line;
    EXPECT_EQ(process.err(), "");
  };
  check(start_simulate({"--help"}), "psephos-simulate");
  check(start_simulate({"sweep", "--help"}), "psephos-simulate sweep");
  check(start_simulate({"compare", "--help"}), "psephos-simulate compare");
  check(start_coordinator({"--help"}), "psephos-coordinator");
  check(start_client({"--help"}), "psephos-client");
}

TEST_F(Output, OtherCommandsAreListedAndMisspeltOnesRecognised) {
  Process help = start_simulate({"--help"});
  ASSERT_EQ(help.wait(), 0);
  for (const char* command : {"psephos-simulate sweep ", "psephos-simulate compare "}) {
    EXPECT_NE(help.out().find(command), std::string::npos) << help.out();
  }
  const auto check = [this](const std::string& word, const std::string& answer) {
    Process process = start_simulate({word, "--rounds", "5"});
    EXPECT_EQ(process.wait(), 2);
    EXPECT_EQ(process.err(), "psephos-simulate: " + answer + " (try --help)\n");
  };
  check("swep", "there is no command swep; did you mean sweep?");
  check("comapre", "there is no command comapre; did you mean compare?");
  check("frobnicate", "there is no command frobnicate");
}

TEST_F(Output, EveryProgramKnowsItsVersion) {
  const auto check = [](Process process, const std::string& program) {
    EXPECT_EQ(process.wait(), 0);
    EXPECT_TRUE(process.out().starts_with(program + " " PSEPHOS_VERSION ", kernels "))
        << process.out();
  };
  check(start_simulate({"--version"}), "psephos-simulate");
  check(start_coordinator({"--version"}), "psephos-coordinator");
  check(start_client({"--version"}), "psephos-client");
}

TEST_F(Output, KernelsAreNamedAndChosen) {
  Process chosen = start_simulate(
      {"--kernels", "portable", "--dataset", "synthetic", "--model", "softmax", "--rounds", "2"});
  EXPECT_EQ(chosen.wait(), 0);
  EXPECT_NE(chosen.err().find("kernels portable"), std::string::npos) << chosen.err();
  Process unknown = start_simulate({"--kernels", "quantum"});
  EXPECT_EQ(unknown.wait(), 2);
  EXPECT_NE(unknown.err().find("this processor cannot run 'quantum', but portable"),
            std::string::npos)
      << unknown.err();
}

}  // namespace
}  // namespace psephos::end_to_end::output_test
