#include "simulator/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/base/units.h"
#include "simulator/text_table.h"

namespace psephos::simulator {
namespace {

namespace fs = std::filesystem;

// They change what is measured, or how fast, and not what is learned.
constexpr std::array<std::string_view, 5> kBesideTheModel = {
    "client-eval", "eval-every", "heartbeat-ms", "threads", "transport"};
constexpr std::size_t kMostLabel = 56;  // characters: what a legend has room for

std::string folder_name(const SavedRun& run) {
  const fs::path normal = run.folder.lexically_normal();
  return (normal.has_filename() ? normal.filename() : normal.parent_path().filename()).string();
}

// Short where that is enough to tell them apart.
std::vector<std::string> folder_names(const std::vector<SavedRun>& runs) {
  std::vector<std::string> names;
  std::set<std::string> different;
  for (const SavedRun& run : runs) {
    names.push_back(folder_name(run));
    different.insert(names.back());
  }
  if (different.size() == names.size() && !different.contains("")) return names;
  for (std::size_t i = 0; i < runs.size(); ++i) names[i] = runs[i].folder.string();
  return names;
}

std::string value_of(const SavedRun& run, const std::string& key) {
  const auto found = run.config.find(key);
  return found == run.config.end() ? "-" : found->second;
}

// min-clients and its like are settled to the number of clients: where they are that in every run,
// they say nothing that clients does not.
bool follows_clients(const std::vector<SavedRun>& runs, const std::string& key) {
  return key != "clients" && std::ranges::all_of(runs, [&key](const SavedRun& run) {
           return value_of(run, key) == value_of(run, "clients");
         });
}

std::vector<std::string> differing_keys(const std::vector<SavedRun>& runs) {
  std::set<std::string> keys;
  for (const SavedRun& run : runs) {
    for (const auto& [key, value] : run.config) keys.insert(key);
  }
  std::vector<std::string> differing;
  for (const std::string& key : keys) {
    const std::string first = value_of(runs.front(), key);
    const bool same = std::ranges::all_of(
        runs, [&](const SavedRun& run) { return same_value(value_of(run, key), first); });
    if (!same && !follows_clients(runs, key)) differing.push_back(key);
  }
  return differing;
}

// The settings of each run in `keys`: "lr=0.001 beta=0.9".
std::vector<std::string> settings(const std::vector<SavedRun>& runs,
                                  const std::vector<std::string>& keys) {
  std::vector<std::string> texts;
  for (const SavedRun& run : runs) {
    std::string text;
    for (const std::string& key : keys) {
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, value_of(run, key));
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string number_or_dash(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "-";
}

std::string rounds_in_words(const SavedRun& run) {
  if (run.stopped_because == "finished") return fmt::format("{}", run.rounds);
  return fmt::format("{} ({})", run.rounds,
                     run.stopped_because.empty() ? "unfinished" : run.stopped_because);
}

// What all have in common, of what a reader of a picture would ask first.
std::string in_common(const std::vector<SavedRun>& runs) {
  std::string text = fmt::format("{} run{}", runs.size(), runs.size() == 1 ? "" : "s");
  const std::vector<std::string> differing = differing_keys(runs);
  for (const auto& [key, unit] : {std::pair{"dataset", ""},
                                  {"model", ""},
                                  {"clients", " clients"},
                                  {"partition", ""},
                                  {"rounds", " rounds"},
                                  {"algorithm", ""},
                                  {"ballot", ""},
                                  {"decision", ""}}) {
    const std::string value = value_of(runs.front(), key);
    if (std::ranges::find(differing, key) != differing.end() || value == "-") continue;
    text += fmt::format(", {}{}", value, unit);
  }
  return text;
}

Chart chart_of(const char* title, const std::vector<SavedRun>& runs, Axis x, Axis y) {
  Chart chart;
  chart.title = title;
  chart.subtitle = in_common(runs);
  chart.x = std::move(x);
  chart.y = std::move(y);
  return chart;
}

Chart accuracy_chart(const std::vector<SavedRun>& runs, const std::vector<std::string>& labels) {
  Chart chart = chart_of("Accuracy", runs, rounds_axis(), accuracy_axis());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    add_measured(chart, runs[i].evaluated_accuracy, labels[i], i);
  }
  return chart;
}

// Of held-out samples; of the training batches where some run was hardly ever evaluated.
Chart loss_chart(const std::vector<SavedRun>& runs, const std::vector<std::string>& labels) {
  const bool evaluated =
      std::ranges::all_of(runs, [](const SavedRun& run) { return run.evaluated_loss.size() >= 2; });
  Chart chart =
      chart_of(evaluated ? "Loss on held-out samples" : "Loss on training batches, running mean",
               runs, rounds_axis(), loss_axis());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (evaluated) {
      add_measured(chart, runs[i].evaluated_loss, labels[i], i);
    } else {
      chart.series.push_back({labels[i], runs[i].train_loss.smoothed(), i});
    }
  }
  return chart;
}

// For all of them, both ways together.
ByteUnit unit_of(const std::vector<SavedRun>& runs) {
  double most = 0;
  for (const SavedRun& run : runs) {
    most = std::max(most, static_cast<double>(run.bytes_up) + static_cast<double>(run.bytes_down));
  }
  return byte_unit(most);
}

Chart traffic_chart(const std::vector<SavedRun>& runs, const std::vector<std::string>& labels) {
  const ByteUnit unit = unit_of(runs);
  Chart chart = chart_of("Traffic, up and down", runs, rounds_axis(), traffic_axis(unit));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    chart.series.push_back({labels[i], in_unit(runs[i].bytes.points(), unit), i});
  }
  return chart;
}

Chart accuracy_by_traffic_chart(const std::vector<SavedRun>& runs,
                                const std::vector<std::string>& labels) {
  const ByteUnit unit = unit_of(runs);
  Axis traffic = traffic_axis(unit);
  traffic.label = fmt::format("{} up and down", unit.name);
  Chart chart = chart_of("Accuracy by traffic", runs, std::move(traffic), accuracy_axis());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].accuracy_by_bytes.size() == 0) continue;
    add_measured(chart, runs[i].accuracy_by_bytes, labels[i], i);
    for (PlotPoint& point : chart.series.back().points) point.x /= unit.bytes;
  }
  return chart;
}

}  // namespace

std::vector<std::string> run_labels(const std::vector<SavedRun>& runs) {
  const std::vector<std::string> names = folder_names(runs);
  std::vector<std::string> keys = differing_keys(runs);
  std::erase_if(keys, [](const std::string& key) {
    return std::ranges::find(kBesideTheModel, key) != kBesideTheModel.end();
  });
  std::vector<std::string> labels = settings(runs, keys);
  const bool telling = std::ranges::all_of(labels, [&labels](const std::string& label) {
    return !label.empty() && label.size() <= kMostLabel && std::ranges::count(labels, label) == 1;
  });
  return telling ? labels : names;
}

std::string comparison_table(const std::vector<SavedRun>& runs) {
  const std::vector<std::string> differs = settings(runs, differing_keys(runs));
  TextTable table(
      {"run", "rounds", "accuracy", "loss", "up", "down", "wall time", "fingerprint", "settings"},
      1);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const SavedRun& run = runs[i];
    table.add({run.folder.string(), rounds_in_words(run), number_or_dash(run.accuracy),
               number_or_dash(run.loss), format_bytes(run.bytes_up), format_bytes(run.bytes_down),
               run.wall_s ? format_duration(*run.wall_s) : "-", run.fingerprint, differs[i]});
  }
  return table.text();
}

std::vector<Picture> comparison_pictures(const std::vector<SavedRun>& runs,
                                         const fs::path& directory) {
  const std::vector<std::string> labels = run_labels(runs);
  return {{directory / "compare-accuracy.svg", accuracy_chart(runs, labels)},
          {directory / "compare-loss.svg", loss_chart(runs, labels)},
          {directory / "compare-traffic.svg", traffic_chart(runs, labels)},
          {directory / "compare-accuracy-by-traffic.svg", accuracy_by_traffic_chart(runs, labels)}};
}

}  // namespace psephos::simulator
