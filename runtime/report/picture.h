#pragma once
// Charts as SVG files, drawn by gnuplot where it is installed.

#include <chrono>
#include <filesystem>
#include <span>

#include "runtime/base/result.h"
#include "runtime/report/chart.h"

namespace psephos {

struct Picture {
  std::filesystem::path file;
  Chart chart;
};

// How long gnuplot may take over all pictures of one call; at its end it is killed.
inline constexpr std::chrono::milliseconds kPlotPatience{20'000};

// Draws every picture into its file (replace_file). The first failure ends it; its text is a whole
// line for a log: "no pictures: gnuplot is not installed".
Status draw(std::span<const Picture> pictures, std::chrono::milliseconds patience = kPlotPatience);

}  // namespace psephos
