#include "runtime/report/gnuplot_script.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "runtime/report/gnuplot.h"
#include "tests/runtime/report/scratch.h"

namespace psephos {
namespace {

Chart example() {
  Chart chart;
  chart.title = "Accuracy";
  chart.subtitle = "mlp:128, seed 1";
  chart.x = rounds_axis();
  chart.y = accuracy_axis();
  chart.series.push_back({"held-out samples", {{100, 0.5}, {200, 0.75}}, 0, false, true});
  return chart;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What gnuplot makes of it; every Psephos machine that runs tests has one (scripts/packages.txt).
std::string drawn(const Chart& chart) {
  const auto svg = run_gnuplot(gnuplot_script(chart),
                               std::chrono::steady_clock::now() + std::chrono::seconds(60));
  EXPECT_TRUE(svg) << svg.error().text;
  return svg ? *svg : "";
}

TEST(GnuplotScript, SaysWhatIsOnTheChart) {
  const std::string script = gnuplot_script(example());
  for (const char* part : {"'Accuracy'", "'mlp:128, seed 1'", "'held-out samples'", "'round'",
                           "'share classified correctly'", "100 0.5\n200 0.75\n",
                           "set xrange [0:200]", "linespoints", "unset key"}) {
    EXPECT_TRUE(has(script, part)) << part << "\n" << script;
  }
}

TEST(GnuplotScript, AllOfItIsTextInThePicture) {
  const std::string svg = drawn(example());
  for (const char* part : {">Accuracy<", "held-out samples", "share classified correctly"}) {
    EXPECT_TRUE(has(svg, part)) << part;
  }
  EXPECT_FALSE(has(svg, "nothing was measured"));
}

TEST(GnuplotScript, AChartWithoutAPointSaysSo) {
  Chart chart = example();
  chart.series.clear();
  EXPECT_TRUE(has(drawn(chart), "nothing was measured"));
  chart.series.push_back({"empty", {}});
  EXPECT_TRUE(has(drawn(chart), "nothing was measured"));
  EXPECT_FALSE(has(gnuplot_script(chart), "'empty'"));  // no legend for what is not there
}

TEST(GnuplotScript, ASinglePointIsADot) {
  Chart chart = example();
  chart.series = {{"voted", {{1, 10}}}};
  EXPECT_TRUE(has(gnuplot_script(chart), "linespoints"));
  drawn(chart);
}

TEST(GnuplotScript, ManyDotsWouldHideTheCurve) {
  Chart chart = example();
  chart.series[0].points.clear();
  for (int i = 0; i < 1000; ++i) chart.series[0].points.push_back({double(i), 0.5});
  EXPECT_FALSE(has(gnuplot_script(chart), "linespoints"));
}

TEST(GnuplotScript, WordsOfStrangersStayWords) {
  const std::string bad =
      "it's `touch x` \"$HOME\" @macro <b>&amp;\\n\x01\n!touch x\nset output 'x'\xff\xc3(";
  Chart chart = example();
  chart.title = chart.subtitle = chart.x.label = chart.y.label = chart.series[0].label = bad;
  const std::string script = gnuplot_script(chart);
  EXPECT_TRUE(has(script, "'it''s `touch x`"));
  EXPECT_FALSE(has(script, "\n!touch"));
  EXPECT_FALSE(has(script, "\nset output"));
  const std::string svg = drawn(chart);
  EXPECT_TRUE(has(svg, ">it's `touch x` \"$HOME\" @macro &lt;b>&amp;amp;")) << svg;
  EXPECT_EQ(std::ranges::count(svg, '\x01'), 0);
  EXPECT_EQ(svg.find('\xff'), std::string::npos);
}

TEST(GnuplotScript, LongWordsAreCutAtACharacter) {
  Chart chart = example();
  for (int i = 0; i < 200; ++i) chart.title += "ä";
  const std::string script = gnuplot_script(chart);
  EXPECT_TRUE(has(script, "ä…'"));
  EXPECT_FALSE(has(script, "?"));
}

TEST(GnuplotScript, AFewLegendEntriesStandAboveTheAxesAndManyBesideThem) {
  Chart chart = example();
  const auto width_of = [](const Chart& drawn_chart) {
    const std::string script = gnuplot_script(drawn_chart);
    return std::stoi(script.substr(script.find("svg size ") + 9));
  };
  const int usual = width_of(chart);
  for (std::size_t i = 1; i < 24; ++i) {
    chart.series.push_back({"a label with some words in it, the " + std::to_string(i) + "th",
                            {{1, 0.5}, {2, 0.6}},
                            i});
  }
  EXPECT_GT(width_of(chart), usual);
  drawn(chart);
}

TEST(GnuplotScript, ManySeriesAreToldApartByColourOrDashes) {
  Chart chart = example();
  chart.series.clear();
  std::set<std::string> styles;
  for (std::size_t i = 0; i < 24; ++i) chart.series.push_back({"", {{1, 1}, {2, 2}}, i});
  const std::string script = gnuplot_script(chart);
  for (std::size_t at = script.find("with lines "); at != std::string::npos;
       at = script.find("with lines ", at + 1)) {
    styles.insert(script.substr(at, script.find_first_of(",\n", at) - at));
  }
  EXPECT_EQ(styles.size(), 24U);
}

TEST(GnuplotScript, ThePaleLiesBehindAndTheSubtitleExplainsIt) {
  Chart chart = example();
  chart.series = {{"mean", {{1, 1}, {2, 2}}, 0}, {"", {{1, 3}, {2, 4}}, 0, true}};
  const std::string script = gnuplot_script(chart);
  EXPECT_LT(script.find("1 3\n"), script.find("1 1\n"));
  EXPECT_TRUE(has(script, "pale behind a curve: each round"));
}

TEST(GnuplotScript, ASecondAxisStandsOnTheRight) {
  Chart chart = example();
  chart.right = Axis{"share of entries (%)"};
  chart.series.push_back({"abstained", {{1, 10}, {2, 20}}, 4, false, false, true});
  const std::string script = gnuplot_script(chart);
  EXPECT_TRUE(has(script, "set y2label 'share of entries (%)'"));
  EXPECT_TRUE(has(script, "axes x1y2"));
  EXPECT_TRUE(has(drawn(chart), "share of entries (%)"));
}

}  // namespace
}  // namespace psephos
