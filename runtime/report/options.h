#pragma once
// One vocabulary of options for the three programs. A program declares the groups it understands on
// its CLI::App; the words are parsed by runtime/run, data and friends, so a flag, a config file and
// a log line agree.

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/report/cli_fwd.h"
#include "runtime/run/run_config.h"

namespace psephos {

// Flags as text where a rule has words; turned into a RunConfig by to_run_config.
struct RunOptions {
  std::string dataset = "fashion-mnist";
  std::string model = "mlp:128";
  std::string init;  // .npy file; empty: x_0 is drawn
  std::string algorithm = "signum";
  std::string ballot = "sign";
  std::string decision = "majority";
  std::string downlink = "ternary";
  std::string schedule = "constant";
  std::string audience = "all";
  std::string local_steps = "1";
  std::string normalisation = "unit";
  double beta = 0.9;
  double local_lr = 0.03;
  double lr = 1e-3;
  double weight_decay = 0;
  double fraction = 1.0;
  std::optional<double> test_fraction;  // none: kDefaultTestFraction, where it applies
  std::uint32_t rounds = 600;
  std::uint32_t batch = 32;
  std::uint32_t staleness = 0;
  std::uint32_t seed = 1;
  std::uint32_t min_voters = 0;  // 0: the program's default
  std::uint32_t target_voters = 0;
  std::uint32_t min_clients = 0;
  std::uint32_t deadline_ms = 30'000;
  std::uint32_t heartbeat_ms = 2000;
  std::uint32_t max_clients = 10'000;
  std::uint32_t eval_every = 100;
  bool client_eval = false;
};

// Where results go.
struct OutputOptions {
  std::string out;     // run folder; empty: none
  bool json = false;   // summary as one JSON object on the last line of stdout
  bool quiet = false;  // no progress
};

// Everything the coordinator decides, and --dataset and --seed. Declared by simulator and
// coordinator. What `options` holds at the call is shown as each flag's default.
void add_run_options(CLI::App& app, RunOptions& options);
// The same flags on the client, hidden, where each is a usage error: "the coordinator decides
// that". Not --dataset, --test-fraction and --seed, which a client has for itself.
void refuse_run_options(CLI::App& app);
void add_output_options(CLI::App& app, OutputOptions& options);

// For ->check(): a plain decimal number within [least, most]. Without it CLI11 reads 0x10 and
// 1e400.
CLI::Validator whole_number(std::uint64_t least = 0, std::uint64_t most = 0xffffffff);
CLI::Validator real_number(double least, double most);

// All words parsed and checked (check_run_config included); the error names the flag.
Result<RunConfig> to_run_config(const RunOptions& options);

// Parses argv. A value means: return this exit status now. 0 after --help and --version; 2 after a
// usage error, which is printed as one sentence and the hint to try --help; 1 where the file of
// --config cannot be read.
std::optional<int> parse_command_line(CLI::App& app, int argc, const char* const* argv);

// What a program's main returns: `status`, or kExitFailure and a sentence where what it printed
// could not be written (a full disk).
int finish_output(const char* program, int status);

// Exit statuses of all programs.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

}  // namespace psephos
