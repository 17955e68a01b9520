// psephos-prove: the shipping state machines in a hostile world, a seed at a time.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "runtime/base/interrupt.h"
#include "runtime/report/options.h"
#include "simulator/proving/prove.h"

namespace {

using namespace psephos;

constexpr const char* kAbout =
    "Plays whole runs of the shipping coordinator and clients on a virtual clock, while frames are "
    "lost, repeated, damaged and forged, processes die between any two actions, disks fail and "
    "clients lie, as the seed has it; then lets the world heal and demands that everybody reaches "
    "the end with the same model. After every step it checks that no decision is told before it is "
    "committed, no vote counts twice, every decision is what counting integers gives, and no "
    "client "
    "speaks of parameters that nobody decided. The first line of a failure replays it.";

constexpr const char* kExamples =
    "Examples:\n"
    "  psephos-prove --seeds 1..1000               a thousand runs, faults of every kind but "
    "disks'\n"
    "  psephos-prove --scenario crashes --seed 42  one run again, the same to the bit\n"
    "  psephos-prove --scenario disk --seeds 1..200  with SQLite on a disk that loses power\n"
    "  psephos-prove --scenario canary --seeds 1..20 must fail: the ledger forgets a decision";

constexpr std::uint64_t kViolationsShown = 10;

// A broken invariant inside the machines aborts: the seed must be known all the same.
thread_local char dying_words[256] = "";

void on_abort(int) {
  static_cast<void>(!write(STDERR_FILENO, dying_words, std::strlen(dying_words)));
}

bool parse_seeds(const std::string& text, proving::ProveOptions& options) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return false;
  const auto number = [](std::string_view digits, std::uint32_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size();
  };
  return number(std::string_view(text).substr(0, dots), options.first_seed) &&
         number(std::string_view(text).substr(dots + 2), options.last_seed) &&
         options.first_seed <= options.last_seed;
}

std::string json_line(const proving::ProveTotals& totals) {
  const double per_second =
      totals.wall_s > 0 ? static_cast<double>(totals.runs) / totals.wall_s : 0;
  return fmt::format(
      "{{\"seeds\":{},\"runs\":{},\"violations\":{},\"runs_per_s\":{:.1f},\"simulated_s\":{:.0f},"
      "\"wall_s\":{:.1f},\"refused\":{},\"rounds\":{},\"coordinator_starts\":{},\"client_starts\":{"
      "},"
      "\"history\":\"{:016x}\"}}",
      totals.runs, totals.runs, totals.violations, per_second, totals.simulated_s, totals.wall_s,
      totals.refused, totals.rounds, totals.coordinator_starts, totals.client_starts,
      totals.history);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kAbout, "psephos-prove"};
  app.footer(kExamples);
  app.set_version_flag("--version", PSEPHOS_VERSION);
  proving::ProveOptions options;
  std::string scenario = "all";
  std::string seeds;
  std::string ledger = "memory";
  std::uint32_t seed = 1;
  bool trace = false;
  bool json = false;
  auto* one = app.add_option("--seed", seed, "Play this seed")->check(whole_number());
  app.add_option("--seeds", seeds, "Play all of A..B")->type_name("A..B")->excludes(one);
  app.add_option("--scenario", scenario, "What goes wrong: " + proving::scenario_words())
      ->capture_default_str();
  app.add_option("--parameters", options.parameters, "d of the model")
      ->check(whole_number(2, 1'000'000))
      ->capture_default_str();
  app.add_option("--ledger", ledger, "memory, or sqlite on a disk that may fail")
      ->check(CLI::IsMember({"memory", "sqlite"}))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Runs at once")
      ->check(whole_number(1, 256))
      ->capture_default_str();
  app.add_flag("--trace", trace, "Print what happens in the run (with --seed)")->needs(one);
  app.add_flag("--stop", options.stop_at_first, "Stop at the first violation");
  app.add_flag("--json", json, "Print the totals as one JSON object on the last line");
  if (const auto status = parse_command_line(app, argc, argv)) return *status;

  const auto parsed = proving::parse_scenario(scenario);
  if (!parsed) {
    fmt::print(stderr, "psephos-prove: --scenario: {}\n", parsed.error().text);
    return 2;
  }
  options.scenario = *parsed;
  options.sqlite = ledger == "sqlite";
  options.first_seed = options.last_seed = seed;
  if (!seeds.empty() && !parse_seeds(seeds, options)) {
    fmt::print(stderr,
               "psephos-prove: --seeds takes A..B with A not above B, such as 1..1000, not '{}'\n",
               seeds);
    return 2;
  }

  catch_interrupts(2);
  std::signal(SIGABRT, on_abort);
  std::uint64_t shown = 0;
  const bool terminal = isatty(STDERR_FILENO) == 1;
  proving::ProveReports reports;
  if (trace) reports.trace = [](const std::string& line) { std::puts(line.c_str()); };
  reports.starting = [&](std::uint32_t number) {
    const std::string line = "\n" + proving::replay_line(options, number) + "\n";
    line.copy(dying_words, sizeof dying_words - 1);
  };
  reports.violated = [&](const proving::SeedResult& broken) {
    if (++shown > kViolationsShown) return;
    fmt::print("{}\n  {}\n", proving::replay_line(options, broken.seed), broken.violation);
    std::fflush(stdout);
  };
  reports.progress = [&](const proving::ProveTotals& so_far) {
    fmt::print(stderr, "{}{} of {} runs, {} violations, {:.0f} runs/s{}", terminal ? "\r" : "",
               so_far.runs, std::uint64_t{options.last_seed} - options.first_seed + 1,
               so_far.violations, static_cast<double>(so_far.runs) / so_far.wall_s,
               terminal ? " " : "\n");
  };
  reports.interrupted = [] { return interrupts() > 0; };
  const auto totals = proving::prove(options, reports);
  if (terminal) fmt::print(stderr, "\n");
  if (shown > kViolationsShown) {
    fmt::print("... and {} more\n", shown - kViolationsShown);
  }
  fmt::print(
      "{} runs of {} ({} rounds, {} coordinator starts, {} client starts): {} violations; "
      "{:.0f} s simulated in {:.1f} s\n",
      totals.runs, scenario, totals.rounds, totals.coordinator_starts, totals.client_starts,
      totals.violations, totals.simulated_s, totals.wall_s);
  if (totals.refused > 0) {
    fmt::print("in {} of them a lying disk damaged the ledger, which was found out\n",
               totals.refused);
  }
  if (json) fmt::print("{}\n", json_line(totals));
  if (totals.violations > 0) return 1;
  return totals.interrupted ? interrupted_exit_status() : 0;
}
