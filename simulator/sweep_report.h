#pragma once
// What a sweep found, for a person and for a script.

#include <string>
#include <vector>

#include "runtime/data/dataset.h"
#include "simulator/sweep.h"
#include "simulator/sweep_flags.h"

namespace psephos::simulator {

// `word` as a shell reads it: quoted where it is not plain.
std::string shell_word(const std::string& word);

// "seed 1", or "seeds 1 to 3".
std::string seeds_in_words(const SweepPlan& plan);

// The command line that runs a point of the grid as a single run, with the first seed.
std::string command_of(const SweepPlan& plan, std::size_t point,
                       const std::vector<GivenFlag>& given);

// The ranking, the test accuracy of the best and its command line: lines, each ended.
std::string describe_sweep(const SweepPlan& plan, const Dataset& dataset, const SweepResult& result,
                           const std::vector<GivenFlag>& given);

// One line of JSON, without its end. What is not known is null: "best" and all that is of it where
// no point came to its end, test results where there is no test set or a run on it failed.
std::string sweep_json(const SweepPlan& plan, const Dataset& dataset, const SweepResult& result,
                       const std::vector<GivenFlag>& given, const std::string& out);

}  // namespace psephos::simulator
