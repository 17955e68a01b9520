#include "simulator/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "simulator/ranking.h"
#include "simulator/text_table.h"

namespace psephos::simulator {
namespace {

constexpr std::size_t kMostRanked = 30;

// "0.8612", four of them, or dashes where no run came to its end.
std::vector<std::string> figures_of(const Score& score) {
  std::vector<std::string> figures;
  for (const double value : {score.accuracy, score.lowest, score.highest, score.loss}) {
    figures.push_back(score.finished == 0 ? "-" : fmt::format("{:.4f}", value));
  }
  return figures;
}

std::string note_of(const Score& score, std::uint32_t seeds) {
  if (!score.failure.empty()) return "failed: " + score.failure;
  if (score.finished < seeds) return fmt::format("{} of {} runs", score.finished, seeds);
  return "";
}

std::string ranking_table(const SweepPlan& plan, const std::vector<Score>& ranking) {
  std::vector<std::string> header{"rank"};
  for (const GridAxis& axis : plan.grid.axes) header.push_back(axis.key);
  const std::size_t words = header.size();
  for (const char* name : {"accuracy", "lowest", "highest", "loss", ""}) header.emplace_back(name);
  TextTable table(header, words);
  for (std::size_t i = 0; i < std::min(ranking.size(), kMostRanked); ++i) {
    std::vector<std::string> row{fmt::format("{}", i + 1)};
    std::ranges::move(plan.grid.point(ranking[i].point), std::back_inserter(row));
    std::ranges::move(figures_of(ranking[i]), std::back_inserter(row));
    row.push_back(note_of(ranking[i], plan.seeds));
    table.add(std::move(row));
  }
  std::string text = table.text();
  if (ranking.size() > kMostRanked) {
    text += fmt::format("({} more in sweep.csv)\n", ranking.size() - kMostRanked);
  }
  return text;
}

std::string test_in_words(const SweepPlan& plan, const Dataset& dataset,
                          const SweepResult& result) {
  if (dataset.test.size() == 0) return "test accuracy: there is no test set\n";
  const Score score = make_score(result.test_rows);
  if (!score.failure.empty()) {
    return fmt::format("test accuracy: a run failed: {}\n", score.failure);
  }
  const std::string range = plan.seeds == 1 ? ""
                                            : fmt::format(" ({:.4f} to {:.4f} over {} seeds)",
                                                          score.lowest, score.highest, plan.seeds);
  return fmt::format(
      "test accuracy: {:.4f}{}, loss {:.4f}\n"
      "               (the best point, trained again on all {} training samples, {},\n"
      "               each run evaluated once on the {} samples of the test set)\n",
      score.accuracy, range, score.loss, dataset.train.size(), seeds_in_words(plan),
      dataset.test.size());
}

void add_best(const SweepPlan& plan, const SweepResult& result, const std::vector<GivenFlag>& given,
              nlohmann::ordered_json& json) {
  const Score& best = result.ranking.front();
  const std::vector<std::string> values = plan.grid.point(best.point);
  json["best"] = nlohmann::ordered_json::object();
  for (std::size_t axis = 0; axis < values.size(); ++axis) {
    json["best"][plan.grid.axes[axis].key] = values[axis];
  }
  json["validation_accuracy"] = best.accuracy;
  json["validation_loss"] = best.loss;
  json["command"] = command_of(plan, best.point, given);
  if (result.test_rows.size() < plan.seeds) return;
  const Score test = make_score(result.test_rows);
  if (!test.failure.empty()) return;
  json["test_accuracy"] = test.accuracy;
  json["test_loss"] = test.loss;
}

}  // namespace

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string seeds_in_words(const SweepPlan& plan) {
  const std::uint32_t first = plan.first_seed();
  if (plan.seeds == 1) return fmt::format("seed {}", first);
  return fmt::format("seeds {} to {}", first, first + (plan.seeds - 1));
}

std::string command_of(const SweepPlan& plan, std::size_t point,
                       const std::vector<GivenFlag>& given) {
  std::string line = "psephos-simulate";
  for (const GivenFlag& flag : given) {
    // A file's value of what the grid varies.
    const bool varied = std::ranges::find(plan.grid.axes, flag.flag.substr(2), &GridAxis::key) !=
                        plan.grid.axes.end();
    if (!varied) line += fmt::format(" {} {}", flag.flag, shell_word(flag.value));
  }
  const std::vector<std::string> values = plan.grid.point(point);
  for (std::size_t axis = 0; axis < values.size(); ++axis) {
    line += fmt::format(" --{} {}", plan.grid.axes[axis].key, shell_word(values[axis]));
  }
  return line + fmt::format(" --seed {}", plan.first_seed());
}

std::string describe_sweep(const SweepPlan& plan, const Dataset& dataset, const SweepResult& result,
                           const std::vector<GivenFlag>& given) {
  std::string text = fmt::format("accuracy on the validation samples, mean of {}:\n{}",
                                 seeds_in_words(plan), ranking_table(plan, result.ranking));
  if (!result.has_best) return text;
  return text + "\n" + test_in_words(plan, dataset, result) +
         fmt::format("the best as a run: {}\n",
                     command_of(plan, result.ranking.front().point, given));
}

std::string sweep_json(const SweepPlan& plan, const Dataset& dataset, const SweepResult& result,
                       const std::vector<GivenFlag>& given, const std::string& out) {
  nlohmann::ordered_json json;
  json["program"] = "psephos-simulate sweep";
  json["interrupted"] = result.interrupted;
  json["points"] = plan.plans.size();
  json["seeds"] = plan.seeds;
  json["runs"] = plan.plans.size() * plan.seeds;
  std::uint64_t finished = 0;
  std::uint64_t failed_points = 0;
  for (const Score& score : result.ranking) {
    finished += score.finished;
    failed_points += score.failure.empty() ? 0 : 1;
  }
  json["finished"] = finished;
  json["failed_points"] = failed_points;
  for (const char* key : {"best", "validation_accuracy", "validation_loss", "test_accuracy",
                          "test_loss", "command"}) {
    json[key] = nullptr;
  }
  json["test_samples"] = dataset.test.size();
  json["out"] = out;
  if (result.has_best) add_best(plan, result, given, json);
  // Words of a command line may not be UTF-8; the line must be JSON nevertheless.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace psephos::simulator
