#include "runtime/report/run_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace psephos {
namespace {

Chart over_rounds(const char* title, Axis y) {
  Chart chart;
  chart.title = title;
  chart.x = rounds_axis();
  chart.y = std::move(y);
  return chart;
}

double last_y(const std::vector<PlotPoint>& points) { return points.empty() ? 0 : points.back().y; }

}  // namespace

std::string run_in_words(const ConfigValues& config, const Summary& summary) {
  const auto value = [&config](const char* key) {
    const auto found = config.find(key);
    return found == config.end() ? std::string() : found->second;
  };
  std::string words = fmt::format("{}{}{} parameters, {} client{}", value("model"),
                                  value("model").empty() ? "" : " with ", summary.d,
                                  summary.clients, summary.clients == 1 ? "" : "s");
  const auto add = [&words](const std::string& word) {
    if (!word.empty()) words += ", " + word;
  };
  const auto unless = [](const std::string& word, const char* usual) {
    return word == usual ? std::string() : word;
  };
  add(unless(value("partition"), "iid"));
  if (!unless(value("byzantine"), "0").empty()) {
    add(fmt::format("{} liars ({})", value("byzantine"), value("attack")));
  }
  add(fmt::format("{} round{}", summary.rounds, summary.rounds == 1 ? "" : "s"));
  add(value("algorithm"));
  add(unless(value("ballot"), "sign"));
  add(value("decision"));
  add(fmt::format("seed {}", summary.seed));
  return words;
}

void RunCharts::Evaluated::add(std::uint32_t round, const std::optional<EvaluationResult>& result) {
  if (!result) return;
  accuracy.add(round, result->accuracy);
  loss.add(round, result->loss);
}

void RunCharts::add(const RoundRow& row) {
  train_loss_.add(row.round, row.train_loss);
  up_.add(row.round, static_cast<double>(row.bytes_up));
  down_.add(row.round, static_cast<double>(row.bytes_down));
  voters_.add(row.round, row.voters);
  expected_.add(row.round, row.expected);
  abstained_.add(row.round, 100 * row.abstained);
}

void RunCharts::add(const EvaluationRow& row) {
  held_out_.add(row.round, row.held_out);
  clients_mean_.add(row.round, row.clients_mean);
  clients_median_.add(row.round, row.clients_median);
}

Chart RunCharts::accuracy() const {
  Chart chart = over_rounds("Accuracy", accuracy_axis());
  add_measured(chart, held_out_.accuracy, "held-out samples", 0);
  add_measured(chart, clients_mean_.accuracy, "clients' own samples, mean", 2);
  add_measured(chart, clients_median_.accuracy, "clients' own samples, median client", 4);
  return chart;
}

Chart RunCharts::loss() const {
  Chart chart = over_rounds("Loss", loss_axis());
  add_noisy(chart, train_loss_, "training batches", 7);
  add_measured(chart, held_out_.loss, "held-out samples", 0);
  add_measured(chart, clients_mean_.loss, "clients' own samples, mean", 2);
  return chart;
}

Chart RunCharts::traffic() const {
  const std::vector<PlotPoint> up = up_.points();
  const std::vector<PlotPoint> down = down_.points();
  const ByteUnit unit = byte_unit(std::max(last_y(up), last_y(down)));
  Chart chart = over_rounds("Traffic", traffic_axis(unit));
  chart.series.push_back({"up: what clients sent", in_unit(up, unit), 0});
  chart.series.push_back({"down: what clients were sent", in_unit(down, unit), 1});
  return chart;
}

Chart RunCharts::voters() const {
  Axis clients{"clients"};
  clients.whole = true;
  clients.from_zero = true;
  clients.at_least_to = 1;
  Axis share{"share of ballot entries (%)"};
  share.from_zero = true;
  share.at_least_to = 10;
  share.at_most_to = 100;
  Chart chart = over_rounds("Voters", std::move(clients));
  chart.right = std::move(share);
  add_noisy(chart, expected_, "expected", 7);
  add_noisy(chart, voters_, "voted", 0);
  add_noisy(chart, abstained_, "abstained (right axis)", 4, true);
  return chart;
}

std::vector<Picture> RunCharts::pictures(const std::filesystem::path& directory,
                                         const std::string& subtitle) const {
  std::array<Chart, kRunPictures.size()> charts = {accuracy(), loss(), traffic(), voters()};
  std::vector<Picture> pictures;
  for (std::size_t i = 0; i < charts.size(); ++i) {
    charts[i].subtitle = subtitle;
    pictures.push_back({directory / kRunPictures[i], std::move(charts[i])});
  }
  return pictures;
}

}  // namespace psephos
