#pragma once
// A sweep as its command line asks for it, for tests.

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/report/config_file.h"
#include "simulator/sweep_flags.h"

namespace psephos::simulator {

struct AskedSweep {
  // `flags`: words between blanks, to which the grid is added.
  AskedSweep(const std::string& grid, const std::string& flags) {
    declare_sweep(app, parsed);
    std::vector<std::string> words = {"sweep", "--grid", grid};
    std::istringstream stream(flags);
    for (std::string word; stream >> word;) words.push_back(word);
    std::vector<const char*> arguments;
    for (const std::string& word : words) arguments.push_back(word.c_str());
    status = parse_command_line(app, static_cast<int>(arguments.size()), arguments.data());
    asked = config_as_run(app);
    given = given_flags(app);
  }

  Result<SweepPlan> plan() { return make_sweep_plan(app, parsed); }

  CLI::App app;
  SweepFlags parsed;
  std::optional<int> status;  // as of parse_command_line
  std::string asked;
  std::vector<GivenFlag> given;
};

}  // namespace psephos::simulator
