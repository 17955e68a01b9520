#pragma once
// From where to where an axis goes, and what stands at its ticks.

#include <limits>
#include <string>
#include <vector>

#include "runtime/report/chart.h"

namespace psephos {

// The values that an axis has to show; `least` > `most`: none.
struct Extent {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
  void take(double value);
  bool empty() const { return least > most; }
};

struct Scale {
  double least = 0;
  double most = 1;
  double step = 0.2;  // between ticks; a factor where logarithmic
  bool logarithmic = false;
};

struct Tick {
  std::string label;
  double at = 0;
  bool operator==(const Tick&) const = default;
};

// Round numbers around `shown` (finite), a handful of ticks apart. What is flat lies in a range
// that the ticks can tell apart.
Scale make_scale(const Axis& axis, const Extent& shown);

// The end of the axis: a little above `most`, so that a curve does not run along the frame.
double with_headroom(const Scale& scale, double most);

// "12,345" or "0.25", as many decimals as the step needs; powers of ten where logarithmic.
std::vector<Tick> ticks_of(const Scale& scale);

}  // namespace psephos
