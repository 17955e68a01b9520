#include "runtime/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "runtime/base/replace_file.h"
#include "runtime/report/gnuplot.h"

namespace psephos {
namespace {

constexpr int kWidth = 960;  // of an SVG, which scales
constexpr int kHeight = 560;
constexpr int kRowHeight = 24;          // of the legend
constexpr std::size_t kMostDots = 120;  // more would hide the curve
constexpr std::size_t kMostText = 160;  // bytes of a title
constexpr std::size_t kMostLabel = 60;  // bytes of a label in the legend
constexpr double kManyDecades = 3;      // from here on an axis is logarithmic
constexpr int kTicks = 6;
constexpr std::size_t kWorthAMean = 100;  // points of a curve that jumps

// Distinct in daylight, in print and to most colour-blind eyes.
constexpr std::array<const char*, 8> kColours = {"#1f6fb4", "#d1495b", "#2a9d6f", "#7b4fa3",
                                                 "#e08e1b", "#12808f", "#8c5a3c", "#5f6670"};

// The colour on white, one part in three: opaque, since not every viewer blends.
std::string pale(const char* colour) {
  const auto channel = [colour](std::size_t at) {
    const int value = std::stoi(std::string(colour).substr(at, 2), nullptr, 16);
    return 255 - (255 - value) / 3;
  };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(1), channel(3), channel(5));
}

// Length of the UTF-8 character that `text` begins with; 0 when it is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is beyond Unicode.
  const unsigned char second = byte(1);
  if ((byte(0) == 0xe0 && second < 0xa0) || (byte(0) == 0xed && second > 0x9f) ||
      (byte(0) == 0xf0 && second < 0x90) || (byte(0) == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

// A string of gnuplot's: between single quotes nothing but the quote itself is special. What XML
// cannot hold becomes '?'.
std::string quoted(std::string_view text, std::size_t most) {
  std::string result = "'";
  std::size_t i = 0;
  while (i < text.size()) {
    if (i >= most) {
      result += "…";
      break;
    }
    const std::size_t length = character_length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      result += '?';
      ++i;
      continue;
    }
    if (byte == '\'') result += '\'';
    result += text.substr(i, length);
    i += length;
  }
  return result + "'";
}

// 12,345 or 0.25: as many decimals as ticks of this `step` need.
std::string tick_label(double value, double step) {
  const double magnitude = std::max(std::abs(value), step);
  if (magnitude >= 1e9 || step < 1e-6) return fmt::format("{:.3g}", value);
  const int decimals = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  std::string text = fmt::format("{:.{}f}", std::abs(value), decimals);
  std::size_t point = std::min(text.find('.'), text.size());
  while (point > 3) {
    point -= 3;
    text.insert(point, ",");
  }
  return value < -step / 2 ? "-" + text : text;
}

struct Scale {
  double least = 0;
  double most = 1;
  double step = 0.2;
  bool logarithmic = false;
};

// 1, 2 or 5 times a power of ten, a little more than `rough`.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

Scale logarithmic_scale(double least, double most) {
  Scale scale;
  scale.logarithmic = true;
  const double first = std::floor(std::log10(least));
  const double last = std::ceil(std::log10(most));
  scale.step = std::pow(10, std::max(1.0, std::ceil((last - first) / kTicks)));
  scale.least = std::pow(10, first);
  scale.most = std::pow(10, std::max(last, first + 1));
  return scale;
}

// `least` <= `most`, or both infinite where there is no point.
Scale make_scale(const Axis& axis, double least, double most) {
  if (least > most) {
    least = 0;
    most = axis.at_least_to.value_or(1);
  }
  if (axis.logarithmic_if_wide && least > 0 &&
      std::log10(most) - std::log10(least) > kManyDecades) {
    return logarithmic_scale(least, most);
  }
  if (axis.at_least_to) most = std::max(most, *axis.at_least_to);
  if (axis.from_zero) least = std::min(least, 0.0);
  double span = most - least;
  if (!std::isfinite(span)) {  // from -1e308 to 1e308: nothing of ours
    least = std::max(least, -1e300);
    most = std::min(most, 1e300);
    span = most - least;
  }
  const double size = std::max(std::abs(least), std::abs(most));
  // A flat curve in the middle of a range that its ticks can tell apart.
  const double narrowest = axis.whole ? 1 : size > 0 ? size / 8 : 1;
  if (span < narrowest) {
    most += axis.from_zero && least == 0 ? narrowest - span : (narrowest - span) / 2;
    if (!axis.from_zero || least < 0) least -= (narrowest - span) / 2;
  }
  Scale scale;
  scale.step = round_step((most - least) / kTicks);
  if (axis.whole) scale.step = std::max(scale.step, 1.0);
  scale.least = std::floor(least / scale.step + 1e-6) * scale.step;
  scale.most = std::ceil(most / scale.step - 1e-6) * scale.step;
  return scale;
}

// Room between the highest curve and the frame; x ends where the curves end.
double with_headroom(const Scale& scale, double most) {
  return scale.logarithmic || most < scale.most - scale.step / 8 ? scale.most
                                                                 : scale.most + scale.step / 4;
}

std::string ticks(const Scale& scale) {
  std::string text = "(";
  const auto add = [&text](const std::string& label, double at) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("'{}' {:.12g}", label, at);
  };
  if (scale.logarithmic) {
    for (double at = scale.least; at <= scale.most * 1.001; at *= scale.step) {
      const double exponent = std::round(std::log10(at));
      add(std::abs(exponent) <= 4 ? fmt::format("{:g}", at) : fmt::format("1e{}", exponent), at);
    }
  } else {
    const double count = std::round((scale.most - scale.least) / scale.step);
    for (int i = 0; i <= static_cast<int>(count); ++i) {
      const double at = scale.least + i * scale.step;
      add(tick_label(at, scale.step), at);
    }
  }
  return text + ")";
}

struct Extent {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
  void take(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
};

Extent extent_of_x(const Chart& chart) {
  Extent extent;
  for (const Series& series : chart.series) {
    for (const PlotPoint& point : series.points) extent.take(point.x);
  }
  return extent;
}

Extent extent_of_y(const Chart& chart, bool right) {
  Extent extent;
  for (const Series& series : chart.series) {
    if (series.right != right) continue;
    for (const PlotPoint& point : series.points) extent.take(point.y);
  }
  return extent;
}

void add_axes(const Chart& chart, std::string& script) {
  const auto out = std::back_inserter(script);
  const Extent x = extent_of_x(chart);
  const Scale across = make_scale(chart.x, x.least, x.most);
  fmt::format_to(
      out, "set xrange [{:.12g}:{:.12g}]\nset xtics scale 0.5 nomirror {}\n", across.least,
      std::isfinite(x.most) ? std::max(x.most, across.least + across.step / 2) : across.most,
      ticks(across));
  fmt::format_to(out, "set xlabel {} offset 0,0.3\n", quoted(chart.x.label, kMostText));
  const auto upright = [&](const Axis& axis, bool right, const char* name) {
    const Extent y = extent_of_y(chart, right);
    const Scale up = make_scale(axis, y.least, y.most);
    fmt::format_to(out, "set {0}range [{1:.12g}:{2:.12g}]\nset {0}tics scale 0.5 nomirror {3}\n",
                   name, up.least, with_headroom(up, y.most), ticks(up));
    if (up.logarithmic) fmt::format_to(out, "set logscale {}\n", name);
    fmt::format_to(out, "set {}label {} offset {},0\n", name, quoted(axis.label, kMostText),
                   right ? -0.5 : 0.5);
  };
  upright(chart.y, false, "y");
  if (chart.right) upright(*chart.right, true, "y2");
}

// How a series is drawn, as an option of gnuplot's.
std::string line_style(const Series& series) {
  const char* const colour = kColours[series.colour % kColours.size()];
  return fmt::format("linecolor rgb '{}' linewidth {} dashtype {}",
                     series.pale ? pale(colour) : colour, series.pale ? 1.0 : 2.2,
                     series.colour / kColours.size() + 1);
}

bool has_dots(const Series& series) {
  // A single point is no line.
  return series.points.size() == 1 || (series.dots && series.points.size() <= kMostDots);
}

// Where things are, in pixels from the top left corner. The legend is ours: gnuplot's own guesses
// widths, and lies over the label of the axis where it guessed wrong.
struct Layout {
  struct Entry {
    const Series* series;
    int x, y;
  };
  int width = kWidth;
  int height = kHeight;
  int top = 84;  // of the axes
  std::vector<Entry> legend;
};

// In lines above the axes; one that would take too many gets a column of its own beside them.
Layout make_layout(const Chart& chart) {
  constexpr int kEdge = 24;
  constexpr int kFirstRow = 80;
  constexpr int kSampleWidth = 60;  // line, and a gap before the next entry
  constexpr int kCharacterWidth = 8;
  constexpr int kMostRows = 3;
  Layout layout;
  std::vector<int> widths;
  int x = kEdge;
  int row = 0;
  for (const Series& series : chart.series) {
    if (series.label.empty() || series.points.empty()) continue;
    const auto length = static_cast<int>(std::min(series.label.size(), kMostLabel));
    widths.push_back(kSampleWidth + kCharacterWidth * length);
    if (x > kEdge && x + widths.back() > kWidth) {
      x = kEdge;
      ++row;
    }
    layout.legend.push_back({&series, x, kFirstRow + kRowHeight * row});
    x += widths.back();
  }
  if (layout.legend.empty()) return layout;
  if (row < kMostRows) {
    layout.top = kFirstRow + kRowHeight * (row + 1) + 6;
    layout.height += layout.top - 84;
    return layout;
  }
  for (std::size_t i = 0; i < layout.legend.size(); ++i) {
    layout.legend[i].x = kWidth;
    layout.legend[i].y = layout.top + kRowHeight * static_cast<int>(i) + kRowHeight / 2;
  }
  layout.width += std::ranges::max(widths);
  layout.height = std::max(layout.height, layout.legend.back().y + kRowHeight);
  return layout;
}

void add_legend(const Layout& layout, std::string& script) {
  constexpr int kSampleLength = 26;
  constexpr int kFirstTag = 10;  // of gnuplot's labels and arrows
  const auto out = std::back_inserter(script);
  int tag = kFirstTag;
  for (const Layout::Entry& entry : layout.legend) {
    const auto at = [&](int dx) {
      return fmt::format("screen {:.5f},{:.5f}", 1.0 * (entry.x + dx) / layout.width,
                         1 - 1.0 * entry.y / layout.height);
    };
    fmt::format_to(out, "set arrow {} from {} to {} nohead {}\n", tag, at(0), at(kSampleLength),
                   line_style(*entry.series));
    fmt::format_to(out, "set label {} {} at {} left textcolor rgb '#202020'\n", tag,
                   quoted(entry.series->label, kMostLabel), at(kSampleLength + 8));
    if (has_dots(*entry.series)) {
      fmt::format_to(out, "set label {} '' at {} point pointtype 7 pointsize 0.6 {}\n", ++tag,
                     at(kSampleLength / 2), line_style(*entry.series));
    }
    ++tag;
  }
}

std::string subtitle(const Chart& chart) {
  const bool any_pale = std::ranges::any_of(chart.series, &Series::pale);
  return any_pale ? chart.subtitle + "; pale behind a curve: each round" : chart.subtitle;
}

void add_frame(const Chart& chart, std::string& script) {
  const Layout layout = make_layout(chart);
  const auto out = std::back_inserter(script);
  fmt::format_to(out,
                 "set encoding utf8\n"
                 "set terminal svg size {},{} noenhanced font 'Helvetica,14' background '#ffffff'\n"
                 "set border {} linecolor rgb '#808080' linewidth 1\n"
                 "set grid xtics ytics linetype 1 linewidth 0.6 linecolor rgb '#dddddd'\n"
                 "set tics textcolor rgb '#404040'\n"
                 "unset key\n",
                 layout.width, layout.height, chart.right ? 11 : 3);
  const auto screen_x = [&layout](double pixels) { return pixels / layout.width; };
  const auto screen_y = [&layout](double pixels) { return 1 - pixels / layout.height; };
  fmt::format_to(out,
                 "set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n"
                 "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n",
                 screen_y(layout.top), screen_y(layout.height - 66), screen_x(96),
                 screen_x(kWidth - (chart.right ? 88 : 34)));
  fmt::format_to(out, "set label 1 {} at screen {:.4f},{:.4f} left font 'Helvetica,20'\n",
                 quoted(chart.title, kMostText), screen_x(24), screen_y(28));
  fmt::format_to(out,
                 "set label 2 {} at screen {:.4f},{:.4f} left font 'Helvetica,13' "
                 "textcolor rgb '#606060'\n",
                 quoted(subtitle(chart), kMostText), screen_x(24), screen_y(54));
  add_legend(layout, script);
}

void add_plots(const Chart& chart, std::string& script) {
  // What is pale lies behind.
  std::vector<const Series*> order;
  for (const bool pale : {true, false}) {
    for (const Series& series : chart.series) {
      if (series.pale == pale && !series.points.empty()) order.push_back(&series);
    }
  }
  const auto out = std::back_inserter(script);
  std::string plots;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Series& series = *order[i];
    fmt::format_to(out, "$data{} << END\n", i);
    for (const PlotPoint& point : series.points) {
      fmt::format_to(out, "{:.9g} {:.9g}\n", point.x, point.y);
    }
    script += "END\n";
    const bool dots = has_dots(series);
    plots += plots.empty() ? "plot " : ", \\\n  ";
    plots += fmt::format("$data{} using 1:2 axes x1{} with {} {}{}", i, series.right ? "y2" : "y1",
                         dots ? "linespoints" : "lines", line_style(series),
                         dots ? " pointtype 7 pointsize 0.6" : "");
  }
  if (plots.empty()) {
    script +=
        "set label 3 'nothing was measured' at graph 0.5,0.5 center textcolor rgb '#808080'\n";
    plots = "plot NaN";
  }
  script += plots + "\n";
}

}  // namespace

void add_measured(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour) {
  if (curve.size() == 0) return;
  chart.series.push_back({label, curve.points(), colour, false, true, false});
}

void add_noisy(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour,
               bool right) {
  std::vector<PlotPoint> points = curve.points();
  if (points.empty()) return;
  const auto [low, high] = std::ranges::minmax(points, {}, &PlotPoint::y);
  if (points.size() < kWorthAMean || low.y == high.y) {
    chart.series.push_back({label, std::move(points), colour, false, false, right});
    return;
  }
  chart.series.push_back({"", std::move(points), colour, true, false, right});
  chart.series.push_back({label, curve.smoothed(), colour, false, false, right});
}

std::string gnuplot_script(const Chart& chart) {
  std::string script;
  add_frame(chart, script);
  add_axes(chart, script);
  add_plots(chart, script);
  return script;
}

Status draw(std::span<const Picture> pictures, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (const Picture& picture : pictures) {
    const auto svg = run_gnuplot(gnuplot_script(picture.chart), deadline);
    if (!svg) return svg.error();
    if (const Status written = replace_file(picture.file, *svg); !written) {
      return Error{"no pictures: " + written.error().text};
    }
  }
  return Ok{};
}

ByteUnit byte_unit(double most_bytes) {
  constexpr std::array<ByteUnit, 5> kUnits = {
      {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "bytes"}}};
  for (const ByteUnit& unit : kUnits) {
    if (most_bytes >= unit.bytes) return unit;
  }
  return kUnits.back();
}

}  // namespace psephos
