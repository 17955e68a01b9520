// psephos-ledger: looks into the ledgers that psephos-coordinator --ledger keeps.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <thread>

#include "coordinator/ledger_tool/commands.h"
#include "runtime/report/kernels_option.h"
#include "runtime/report/options.h"

namespace {

using namespace psephos;

constexpr const char* kExamples = R"(Examples:
  What is in a ledger, and who voted in its last three rounds:
    psephos-ledger list today.ledger
    psephos-ledger list today.ledger --last 3 --who

  Is all of it as it was written? Exit status 0, or 1 and the first bad round:
    psephos-ledger verify today.ledger

  The model as it was after 500 rounds, for numpy.load:
    psephos-ledger export today.ledger --round 500 --out x500.npy

  Two runs that should be the same: where do they part? Exit status 0 if their decisions are the
  same, 1 where they differ or one has more:
    psephos-ledger diff today.ledger yesterday.ledger

  A copy that a coordinator can go on with:
    psephos-ledger backup today.ledger copies/monday.ledger

A ledger that a coordinator leads is locked: end the coordinator first (it goes on where it was), or
look at a backup.)";

struct Arguments {
  std::string ledger;
  std::string other;
  std::string out;
  std::optional<std::uint32_t> round;
  coordinator::ListOptions list;
};

using Command = std::function<Result<bool>(const Arguments&, unsigned threads)>;

// Declares one command; `chosen` becomes what does it.
CLI::App* declare(CLI::App& app, const char* name, const char* help, Arguments& arguments,
                  Command& chosen, Command command) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->add_option("ledger", arguments.ledger, "the ledger")->type_name("FILE")->required();
  sub->callback([&chosen, command] { chosen = command; });
  return sub;
}

void declare_commands(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* list = declare(
      app, "list", "what is in a ledger, round by round", arguments, chosen,
      [](const Arguments& given, unsigned) { return coordinator::list(given.ledger, given.list); });
  list->add_option("--last", arguments.list.last, "so many of the newest rounds; 0: all")
      ->type_name("N")
      ->check(whole_number())
      ->capture_default_str();
  list->add_flag("--who", arguments.list.who, "name the voters, and who came and went");

  declare(app, "verify", "replay all of it; say the first bad round", arguments, chosen,
          [](const Arguments& given, unsigned threads) {
            return coordinator::verify_and_say(given.ledger, threads);
          });

  CLI::App* save = declare(app, "export", "the parameters after some round, as a .npy file",
                           arguments, chosen, [](const Arguments& given, unsigned threads) {
                             return coordinator::export_parameters(given.ledger, given.round,
                                                                   given.out, threads);
                           });
  save->add_option("--round", arguments.round, "after so many rounds [all]")
      ->type_name("N")
      ->check(whole_number());
  save->add_option("--out", arguments.out, "where to: one row of '<f4'")
      ->type_name("FILE")
      ->required();

  CLI::App* diff = declare(app, "diff", "the first round and block in which two runs differ",
                           arguments, chosen, [](const Arguments& given, unsigned threads) {
                             return coordinator::say_difference(given.ledger, given.other, threads);
                           });
  diff->add_option("other", arguments.other, "the ledger to compare with")
      ->type_name("FILE")
      ->required();

  CLI::App* backup = declare(app, "backup", "a copy of all of it in a new file", arguments, chosen,
                             [](const Arguments& given, unsigned threads) {
                               return coordinator::back_up(given.ledger, given.out, threads);
                             });
  backup->add_option("destination", arguments.out, "must not be there yet")
      ->type_name("DEST")
      ->required();
}

int run(int argc, const char* const* argv) {
  CLI::App app(
      "Shows, verifies, compares and copies the ledgers of psephos-coordinator: every decision of\n"
      "a run, from which every past model can be rebuilt.",
      "psephos-ledger");
  app.footer(kExamples);
  app.set_version_flag("--version", [] { return version_text("psephos-ledger"); });
  add_kernels_option(app);
  app.require_subcommand(1);
  Arguments arguments;
  Command chosen;
  declare_commands(app, arguments, chosen);
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  try {
    const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
    const Result<bool> well = chosen(arguments, threads);
    if (well) return *well ? kExitSuccess : kExitFailure;
    fmt::print(stderr, "psephos-ledger: {}\n", well.error().text);
  } catch (const std::exception& error) {
    fmt::print(stderr, "psephos-ledger: {}\n", error.what());
  }
  return kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return psephos::finish_output("psephos-ledger", run(argc, argv));
}
