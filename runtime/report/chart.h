#pragma once
// A line chart as values: what is on it, not yet where or how.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  bool whole = false;                                // counts: no ticks between them
  bool from_zero = false;                            // else from about the lowest value
  std::optional<double> at_least_to = std::nullopt;  // it reaches this far, whatever the values
  std::optional<double> at_most_to = std::nullopt;   // no value can be beyond: a share of 1
  bool logarithmic_if_wide = false;                  // over more than three decades
};

struct Chart {
  std::string title;
  std::string subtitle;
  Axis x, y;
  std::optional<Axis> right;
  std::vector<Series> series;
};

// Axes that our charts share. Rounds, from 0 to the last.
Axis rounds_axis();
// Of a share of samples, 0 to 1.
Axis accuracy_axis();
// Of a mean loss.
Axis loss_axis();

// Appends a curve that was measured at its points, a dot at each while they are few. Nothing where
// it is empty.
void add_measured(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour);
// Appends a curve whose points jump: its running mean, each point pale behind it. Nothing where it
// is empty.
void add_noisy(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour,
               bool right = false);

// A unit for an axis that shows up to so many bytes.
struct ByteUnit {
  double bytes;
  std::string_view name;  // "MB"
};
ByteUnit byte_unit(double most_bytes);

// Of bytes since a run's start.
Axis traffic_axis(const ByteUnit& unit);

// `points` with y in that unit.
std::vector<PlotPoint> in_unit(std::vector<PlotPoint> points, const ByteUnit& unit);

}  // namespace psephos
