#pragma once
// Line charts as SVG files, drawn by gnuplot where it is installed.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/report/curve.h"

namespace psephos {

struct Series {
  std::string label;  // in the legend; empty: not there
  std::vector<PlotPoint> points;
  std::size_t colour = 0;  // series of one colour belong together
  bool pale = false;       // the noise behind a smoothed curve
  bool dots = false;       // measured at these points, not in between
  bool right = false;      // on the right axis
};

struct Axis {
  std::string label;
  bool whole = false;      // counts: no ticks between them
  bool from_zero = false;  // else from about the lowest value
  std::optional<double> at_least_to;
  bool logarithmic_if_wide = false;  // over more than three decades
};

struct Chart {
  std::string title;
  std::string subtitle;
  Axis x, y;
  std::optional<Axis> right;
  std::vector<Series> series;
};

// Appends a curve that was measured at its points, a dot at each while they are few. Nothing where
// it is empty.
void add_measured(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour);
// Appends a curve whose points jump: its running mean, each point pale behind it.
void add_noisy(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour,
               bool right = false);

// The chart as input of gnuplot (5.0 or later). A chart without a single point says so.
std::string gnuplot_script(const Chart& chart);

struct Picture {
  std::filesystem::path file;
  Chart chart;
};

// How long gnuplot may take over all pictures of one call; at its end it is killed.
inline constexpr std::chrono::milliseconds kPlotPatience{20'000};

// Draws every picture into its file (replace_file). The first failure ends it; its text is a whole
// line for a log: "no pictures: gnuplot is not installed".
Status draw(std::span<const Picture> pictures, std::chrono::milliseconds patience = kPlotPatience);

// A unit for an axis that shows up to so many bytes.
struct ByteUnit {
  double bytes;
  std::string_view name;  // "MB"
};
ByteUnit byte_unit(double most_bytes);

}  // namespace psephos
