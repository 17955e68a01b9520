// What a ledger costs a run, on the disk that holds DIR: one JSON line with the median and the 99th
// percentile of a commit and of a checkpoint, and how long a coordinator that starts again takes
// from opening the file to its open round: after one that ended, and after one that was killed and
// left a log beside its file.
//
// Decisions are of random ballots, which no encoding makes smaller than a bit a parameter.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/core/start.h"
#include "coordinator/counting/cpu_counter.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "runtime/base/check.h"
#include "runtime/base/philox.h"

namespace psephos {
namespace {

using coordinator::CheckpointRef;
using coordinator::CoordinatorOptions;
using coordinator::SqliteLedger;

constexpr int kBadUsage = 2;
constexpr std::uint32_t kSeed = 1;

struct Options {
  std::string directory;
  std::uint32_t parameters = 101'770;
  std::uint32_t rounds = 10'000;
  std::uint32_t voters = 10;
  bool keep = false;
};

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}

template <class T>
T needed(Result<T> result) {
  PSEPHOS_CHECK(result.ok(), result.error().text.c_str());
  return std::move(result).value();
}

CoordinatorOptions run_of(const Options& options) {
  CoordinatorOptions run;
  run.config.hyper.seed = kSeed;
  run.config.hyper.rounds = options.rounds;
  run.tensors = {{"x", 0, options.parameters, 0.1f}};
  run.run = 1;
  return run;
}

// Everybody votes at random.
void vote(coordinator::CountingRoom& room, const Options& options) {
  const std::size_t words = word_count(options.parameters);
  for (std::uint32_t voter = 0; voter < options.voters; ++voter) {
    PackedSigns signs{options.parameters, AlignedVector<std::uint32_t>(words), {}};
    for (std::size_t word = 0; word < words; word += 4) {
      const auto draw = philox({kSeed, voter}, room.round(), Purpose::kFault, word / 4);
      for (std::size_t i = 0; i < 4 && word + i < words; ++i) {
        signs.signs[word + i] = draw[i] & valid_bits(word + i, options.parameters);
      }
    }
    const auto kept = std::make_shared<const PackedSigns>(std::move(signs));
    room.count({fmt::format("client-{}", voter + 1), room.round()},
               {*kept, kept, kept->voted_count()});
  }
}

// From opening the file to the open round.
double seconds_to_restart(const std::string& file, const CoordinatorOptions& run) {
  return seconds_of([&] {
    auto ledger = needed(SqliteLedger::open(file));
    needed(start_run(run, *ledger));
  });
}

int measure(const Options& options) {
  const std::filesystem::path folder(options.directory);
  const std::filesystem::path file = folder / "speed.ledger";
  const std::filesystem::path killed = folder / "speed.killed.ledger";
  for (const auto& taken : {file, killed}) {
    PSEPHOS_CHECK(!std::filesystem::exists(taken),
                  "speed.ledger or speed.killed.ledger is there already: remove it");
  }
  const CoordinatorOptions run = run_of(options);
  std::vector<double> commits;
  std::vector<double> checkpoints;
  std::uintmax_t log_bytes = 0;
  {
    auto ledger = needed(SqliteLedger::open(file.string()));
    auto start = needed(start_run(run, *ledger));
    coordinator::CounterStart begin{run.config, run.tensors, std::move(start.x)};
    coordinator::CountingRoom room(run.config,
                                   std::make_unique<coordinator::CpuCounter>(std::move(begin)), 0,
                                   std::move(start.carried));
    while (room.round() < options.rounds) {
      vote(room, options);
      room.close();
      const auto closed = std::get<coordinator::ClosedRound>(*room.take());
      commits.push_back(
          seconds_of([&] { needed(ledger->commit(closed.record, {}, closed.counts)); }));
      if (room.round() % coordinator::kCheckpointEvery != 0) continue;
      const CheckpointRef checkpoint = room.checkpoint();
      checkpoints.push_back(seconds_of([&] { needed(ledger->add_checkpoint(checkpoint)); }));
    }
    // What kill -9 would leave now.
    std::filesystem::copy_file(file, killed);
    std::filesystem::copy_file(file.string() + "-wal", killed.string() + "-wal");
    log_bytes = std::filesystem::file_size(killed.string() + "-wal");
  }
  const auto bytes = std::filesystem::file_size(file);
  const double reopened = seconds_to_restart(file.string(), run);
  const double reopened_after_kill = seconds_to_restart(killed.string(), run);
  std::filesystem::remove(killed);
  if (!options.keep) std::filesystem::remove(file);
  fmt::print(
      "{{\"d\": {}, \"rounds\": {}, \"voters\": {}, \"commit_p50_ms\": {:.3f}, "
      "\"commit_p99_ms\": {:.3f}, \"checkpoint_p50_ms\": {:.3f}, \"checkpoint_p99_ms\": {:.3f}, "
      "\"restart_ms\": {:.1f}, \"restart_after_kill_ms\": {:.1f}, \"log_bytes\": {}, "
      "\"ledger_bytes\": {}}}\n",
      options.parameters, options.rounds, options.voters, 1e3 * percentile(commits, 0.5),
      1e3 * percentile(commits, 0.99), 1e3 * percentile(checkpoints, 0.5),
      1e3 * percentile(checkpoints, 0.99), 1e3 * reopened, 1e3 * reopened_after_kill, log_bytes,
      bytes);
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Measures what a ledger costs: commits, checkpoints, and a restart after so many rounds."};
  app.add_option("directory", options.directory, "where to write speed.ledger")
      ->type_name("DIR")
      ->required();
  app.add_option("--parameters", options.parameters, "d")
      ->check(CLI::Range(std::uint32_t{1}, static_cast<std::uint32_t>(kMaxParameters)))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "to commit")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  app.add_option("--voters", options.voters, "in each")
      ->check(CLI::Range(1u, 10'000u))
      ->capture_default_str();
  app.add_flag("--keep", options.keep, "leave the ledger there");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  return measure(options);
}

}  // namespace
}  // namespace psephos

int main(int argc, char** argv) { return psephos::run(argc, argv); }
