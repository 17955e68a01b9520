#pragma once
// What gnuplot is told: a chart as its commands and data.

#include <string>

#include "runtime/report/chart.h"

namespace psephos {

// Input of gnuplot (5.0 or later) that writes the chart as SVG to its stdout. Words of the chart
// may be anybody's: they end up as text in the picture and never as commands. A chart without a
// single point says so.
std::string gnuplot_script(const Chart& chart);

}  // namespace psephos
