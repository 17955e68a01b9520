#include "runtime/report/check_config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string_view>
#include <vector>

namespace psephos {

int check_config_main(CLI::App& app, const ConfigSource& source, int argc, const char* const* argv,
                      const std::function<Result<std::string>()>& describe) {
  const std::string program = app.get_name();
  CLI::App request(
      fmt::format("Says whether {} would start with a config file, and what it would run.\n"
                  "Reads that file alone, no data, and changes nothing on disk.",
                  program),
      fmt::format("{} {}", program, kCheckConfig));
  request.footer(fmt::format(
      "Flags of {} may follow the file, as beside --config, where they override it.\n"
      "Exit status: 0, it would start; 2, it would not, and why; 1, the file cannot be read.\n\n"
      "Example:\n"
      "  {} {} run.toml",
      program, program, kCheckConfig));
  std::string file;
  request.add_option("FILE", file, "settings as for --config")->type_name("")->required();
  request.prefix_command();
  if (const auto status = parse_command_line(request, argc, argv)) return *status;

  std::vector<std::string> words = {program, "--config=" + file};
  for (const std::string& word : request.remaining()) words.push_back(word);
  std::vector<const char*> as_started;
  for (const std::string& word : words) as_started.push_back(word.c_str());
  if (const auto status =
          parse_command_line(app, static_cast<int>(as_started.size()), as_started.data())) {
    return *status;
  }
  const auto description = describe();
  if (!description) {
    fmt::print(stderr, "{}: {}\n", program, source.explain(description.error().text));
    return kExitUsage;
  }
  fmt::print("{}: ok\n{}\n", file, *description);
  return kExitSuccess;
}

std::string training_in_words(const RunOptions& run) {
  return fmt::format(
      "{} on {}, {} rounds of {}: ballot {}, decision {}, batch {}, lr {} ({}), seed {}", run.model,
      run.dataset, run.rounds, run.algorithm, run.ballot, run.decision, run.batch, run.lr,
      run.schedule, run.seed);
}

}  // namespace psephos
