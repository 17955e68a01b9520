#include "runtime/report/saved_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/files.h"
#include "runtime/formats/text_file.h"
#include "runtime/report/csv_table.h"

namespace psephos {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostTextBytes = std::size_t{1} << 20;  // of config.toml and summary.json

struct Evaluation {
  double round;
  double accuracy;
  double loss;
};

// The held-out results or, where a run has none, the clients' mean; in the order of rounds.
Result<std::vector<Evaluation>> read_evaluations(const fs::path& path) {
  std::vector<Evaluation> held_out;
  std::vector<Evaluation> clients;
  if (!is_there(path)) return held_out;
  auto table = CsvReader::open(path, {"round", "held_out_accuracy", "held_out_loss",
                                      "clients_mean_accuracy", "clients_mean_loss"});
  if (!table) return table.error();
  while (true) {
    const auto more = table->next();
    if (!more) return more.error();
    if (!*more) break;
    std::array<double, 5> values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto number = table->number(i);
      if (!number) return number.error();
      values[i] = *number;
    }
    if (!std::isnan(values[1])) held_out.push_back({values[0], values[1], values[2]});
    if (!std::isnan(values[3])) clients.push_back({values[0], values[3], values[4]});
  }
  std::vector<Evaluation>& known = held_out.empty() ? clients : held_out;
  std::ranges::stable_sort(known, {}, &Evaluation::round);
  return std::move(known);
}

Status read_rounds(const fs::path& path, const std::vector<Evaluation>& evaluations,
                   SavedRun& run) {
  auto table =
      CsvReader::open(path, {"round", "train_loss", "bytes_up", "bytes_down", "fingerprint"});
  if (!table) return table.error();
  auto evaluation = evaluations.begin();
  double last_round = 0;
  while (true) {
    const auto more = table->next();
    if (!more) return more.error();
    if (!*more) return Ok{};
    std::array<double, 4> values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto number = table->number(i);
      if (!number) return number.error();
      values[i] = *number;
    }
    const auto [round, train_loss, up, down] = values;
    constexpr double kMostRounds = 4294967295.0;
    constexpr double kMostBytes = 9e18;
    if (!(round > last_round && round <= kMostRounds && up >= 0 && up < kMostBytes && down >= 0 &&
          down < kMostBytes)) {
      return Error{table->where() + ": is not a round after the one above it"};
    }
    last_round = round;
    run.rounds = static_cast<std::uint32_t>(round);
    run.bytes_up = static_cast<std::uint64_t>(up);
    run.bytes_down = static_cast<std::uint64_t>(down);
    run.fingerprint = table->text(4);
    run.train_loss.add(round, train_loss);
    run.bytes.add(round, up + down);
    for (; evaluation != evaluations.end() && evaluation->round <= round; ++evaluation) {
      run.accuracy_by_bytes.add(up + down, evaluation->accuracy);
    }
  }
}

template <class T>
std::optional<T> field(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return std::nullopt;
  } else if constexpr (std::is_same_v<T, double>) {
    if (!found->is_number()) return std::nullopt;
  } else if (!found->is_number_unsigned()) {
    return std::nullopt;
  }
  return found->template get<T>();
}

Status read_summary(const fs::path& path, SavedRun& run) {
  const auto text = read_text_file(path, kMostTextBytes);
  if (!text) return text.error();
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return Error{path.string() + " is not a summary of ours"};
  const auto rounds = field<std::uint32_t>(json, "rounds");
  const auto up = field<std::uint64_t>(json, "bytes_up");
  const auto down = field<std::uint64_t>(json, "bytes_down");
  const auto because = field<std::string>(json, "stopped_because");
  const auto fingerprint = field<std::string>(json, "fingerprint");
  if (!rounds || !up || !down || !because || !fingerprint) {
    return Error{path.string() + " is not a summary of ours"};
  }
  if (*rounds != run.rounds) {
    return Error{fmt::format("{} tells of {} rounds, metrics.csv of {}: one of them is damaged",
                             path.string(), *rounds, run.rounds)};
  }
  run.stopped_because = because->empty() ? "finished" : *because;
  run.bytes_up = *up;
  run.bytes_down = *down;
  run.fingerprint = *fingerprint;
  run.wall_s = field<double>(json, "wall_s");
  if (const auto accuracy = field<double>(json, "accuracy")) run.accuracy = accuracy;
  if (const auto loss = field<double>(json, "loss")) run.loss = loss;
  return Ok{};
}

}  // namespace

Result<SavedRun> read_saved_run(const fs::path& folder) {
  SavedRun run;
  run.folder = folder;
  if (!is_there(folder)) return Error{fmt::format("there is no folder {}", folder.string())};
  if (!is_there(folder / "config.toml")) {
    return Error{
        fmt::format("{} holds no run: config.toml is not there; give folders that --out made",
                    folder.string())};
  }
  if (!is_there(folder / "metrics.csv")) {
    return Error{fmt::format(
        "{} holds a run of which no round is finished: metrics.csv is not there", folder.string())};
  }
  const auto config = read_text_file(folder / "config.toml", kMostTextBytes);
  if (!config) return config.error();
  run.config = config_values(*config);
  const auto evaluations = read_evaluations(folder / "evaluations.csv");
  if (!evaluations) return evaluations.error();
  for (const Evaluation& evaluation : *evaluations) {
    run.evaluated_accuracy.add(evaluation.round, evaluation.accuracy);
    run.evaluated_loss.add(evaluation.round, evaluation.loss);
    run.accuracy = evaluation.accuracy;
    if (std::isfinite(evaluation.loss)) run.loss = evaluation.loss;
  }
  if (const auto read = read_rounds(folder / "metrics.csv", *evaluations, run); !read) {
    return read.error();
  }
  if (!is_there(folder / "summary.json")) return run;
  if (const auto read = read_summary(folder / "summary.json", run); !read) return read.error();
  return run;
}

}  // namespace psephos
