// psephos-bench: how fast the kernels are, beside what memory allows and beside others.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/kernels/micro.h"
#include "bench/kernels/table.h"
#include "platforms/kernels/kernels.h"
#include "runtime/report/kernels_option.h"

namespace psephos::bench {
namespace {

constexpr int kBadUsage = 2;

constexpr const char* kExamples = R"(Examples:
  Everything, for a quiet machine and four minutes:
    psephos-bench table

  Two kernels, as JSON, exit status 1 if one misses its figure:
    psephos-bench table --only pack --only tally_batch --json --strict

  Google Benchmark of every kernel in every table that this processor can run:
    psephos-bench micro --benchmark_filter=pack_signs

docs/performance.md says what the columns mean.)";

// Every row's name, in the order of the table.
constexpr std::array kKernels = {"intake",
                                 "intake_curve",
                                 "pack",
                                 "pack_coin",
                                 "signum",
                                 "apply",
                                 "apply_fingerprint",
                                 "philox_ternary",
                                 "tally_batch",
                                 "tally_ternary",
                                 "tally_streaming",
                                 "rice_encode",
                                 "rice_decode",
                                 "change_encode",
                                 "change_decode",
                                 "close_last_group",
                                 "close_compare",
                                 "close_encode",
                                 "close_apply",
                                 "close_commit",
                                 "byteps_pack",
                                 "int16_linear",
                                 "int16_vectorised",
                                 "int16_blocked",
                                 "numpy",
                                 "pytorch",
                                 "pytorch_int8"};

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

// What figures depend on, on stderr: stdout is for rows.
void describe_machine() {
  fmt::print(stderr, "processor: {}, last-level cache {} KiB; kernels: {}\n", processor_name(),
             last_cache_bytes() / 1024, kernels::kernels().name);
}

struct Flags {
  TableOptions table;
  bool strict = false;
};

void add_flags(CLI::App& command, Flags& flags) {
  command.add_flag("--json", flags.table.json, "one JSON object per row");
  command.add_flag("--quick", flags.table.quick, "small sizes, few repeats: to see that it runs");
  command.add_flag("--strict", flags.strict,
                   "exit status 1 if a row misses its target or has no figure");
}

int print_table(const Flags& flags, bool all) {
  describe_machine();
  Table table(flags.table);
  // Intake first: it forks, which wants a process that has no threads and holds no gigabytes.
  intake_rows(table);
  if (all) {
    float_rows(table);
    tally_rows(table);
    codec_rows(table);
    closing_rows(table);
    opponent_rows(table);
  }
  return flags.strict && !table.all_hold() ? 1 : 0;
}

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "micro") return run_micro(argc - 1, argv + 1);
  CLI::App app{"Measures Psephos's kernels beside what memory allows."};
  app.footer(kExamples);
  app.set_version_flag("--version", [] { return version_text("psephos-bench"); });
  add_kernels_option(app);
  app.require_subcommand(1);
  Flags flags;
  CLI::App* table = app.add_subcommand("table", "every kernel and its opponents, with verdicts");
  add_flags(*table, flags);
  table->add_option("--only", flags.table.only, "rows of that kernel alone; may be given again")
      ->check(CLI::IsMember(std::vector<std::string>(kKernels.begin(), kKernels.end())));
  CLI::App* intake = app.add_subcommand("intake", "ballots from socket to decision, CPU per byte");
  add_flags(*intake, flags);
  app.add_subcommand("micro", "Google Benchmark; takes its flags");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  return print_table(flags, table->parsed());
}

}  // namespace
}  // namespace psephos::bench

int main(int argc, char** argv) {
  try {
    return psephos::bench::run(argc, argv);
  } catch (const std::exception& error) {  // no memory, no descriptors
    fmt::print(stderr, "psephos-bench: {}\n", error.what());
    return 1;
  }
}
