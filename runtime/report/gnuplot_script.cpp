#include "runtime/report/gnuplot_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <vector>

#include "runtime/report/axis_scale.h"

namespace psephos {
namespace {

constexpr int kWidth = 960;  // of an SVG, which scales
constexpr int kHeight = 560;
constexpr int kRowHeight = 24;          // of the legend
constexpr std::size_t kMostDots = 120;  // more would hide the curve
constexpr std::size_t kMostText = 160;  // bytes of a title
constexpr std::size_t kMostLabel = 60;  // bytes of a label in the legend

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
  if (text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf")) return 0;  // not XML's
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

std::string tick_list(const Scale& scale) {
  std::string list;
  for (const Tick& tick : ticks_of(scale)) {
    list += fmt::format("{}'{}' {:.12g}", list.empty() ? "" : ", ", tick.label, tick.at);
  }
  return "(" + list + ")";
}

void add_horizontal_axis(const Chart& chart, std::string& script) {
  const Extent shown = extent_of_x(chart);
  const Scale scale = make_scale(chart.x, shown);
  // It ends where the curves end.
  const double end =
      shown.empty() ? scale.most : std::max(shown.most, scale.least + scale.step / 2);
  fmt::format_to(std::back_inserter(script),
                 "set xrange [{:.12g}:{:.12g}]\nset xtics scale 0.5 nomirror {}\n"
                 "set xlabel {} offset 0,0.3\n",
                 scale.least, end, tick_list(scale), quoted(chart.x.label, kMostText));
}

void add_vertical_axis(const Chart& chart, bool right, std::string& script) {
  const Axis& axis = right ? *chart.right : chart.y;
  const Extent shown = extent_of_y(chart, right);
  const Scale scale = make_scale(axis, shown);
  const char* const name = right ? "y2" : "y";
  const auto out = std::back_inserter(script);
  fmt::format_to(out, "set {0}range [{1:.12g}:{2:.12g}]\nset {0}tics scale 0.5 nomirror {3}\n",
                 name, scale.least, with_headroom(scale, shown.most), tick_list(scale));
  if (scale.logarithmic) fmt::format_to(out, "set logscale {}\n", name);
  fmt::format_to(out, "set {}label {} offset {},0\n", name, quoted(axis.label, kMostText),
                 right ? -0.5 : 0.5);
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

std::string gnuplot_script(const Chart& chart) {
  std::string script;
  add_frame(chart, script);
  add_horizontal_axis(chart, script);
  add_vertical_axis(chart, false, script);
  if (chart.right) add_vertical_axis(chart, true, script);
  add_plots(chart, script);
  return script;
}

}  // namespace psephos
