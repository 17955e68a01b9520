#pragma once
// Runs side by side: how to tell them apart, a table, and pictures with a curve per run.

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/report/picture.h"
#include "runtime/report/saved_run.h"

namespace psephos::simulator {

// All of these want at least one run.

// One per run, for a legend: its settings that not all runs share, "lr=0.001 beta=0.9"; the
// folders' names where those are too long, or do not tell the runs apart.
std::vector<std::string> run_labels(const std::vector<SavedRun>& runs);

// A line per run under a header, for a person.
std::string comparison_table(const std::vector<SavedRun>& runs);

// compare-accuracy.svg, compare-loss.svg, compare-traffic.svg, compare-accuracy-by-traffic.svg.
std::vector<Picture> comparison_pictures(const std::vector<SavedRun>& runs,
                                         const std::filesystem::path& directory);

}  // namespace psephos::simulator
