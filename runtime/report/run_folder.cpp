#include "runtime/report/run_folder.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "runtime/base/files.h"
#include "runtime/base/replace_file.h"
#include "runtime/base/units.h"
#include "runtime/report/config_values.h"
#include "runtime/report/csv_table.h"
#include "runtime/report/run_charts.h"

namespace psephos {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.toml";
constexpr const char* kMetrics = "metrics.csv";
constexpr const char* kEvaluations = "evaluations.csv";
constexpr const char* kClients = "clients.csv";
constexpr const char* kParameters = "parameters.npy";
constexpr const char* kSummary = "summary.json";
constexpr const char* kSweep = "sweep.toml";

// ",loss,accuracy,samples", or as many empty fields.
std::string csv_evaluation(const std::optional<EvaluationResult>& result) {
  if (!result) return ",,,";
  return fmt::format(",{:.6g},{:.6g},{}", result->loss, result->accuracy, result->samples);
}

// A table that exists on disk from its first row on.
class Table {
 public:
  Table(fs::path path, std::string_view header) : path_(std::move(path)), header_(header) {}

  void add(std::string_view row) {
    open();
    file_ << row << '\n' << std::flush;
  }

  // Every row is in the file, or a sentence. A table without rows gets its header here.
  Status close() {
    open();
    file_.close();
    if (file_) return Ok{};
    return Error{fmt::format(
        "cannot write {}: rows are missing from it; is the disk full, or the folder gone",
        path_.string())};
  }

 private:
  void open() {
    if (std::exchange(opened_, true)) return;
    file_.open(path_, std::ios::binary | std::ios::trunc);
    file_ << header_ << '\n';
  }

  fs::path path_;
  std::string_view header_;
  std::ofstream file_;
  bool opened_ = false;
};

std::string clients_csv(const std::vector<ClientRow>& clients) {
  std::string text = "name,samples,invited,counted,late,absent,agreement\n";
  for (const ClientRow& client : clients) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{:.6g}\n", csv_field(client.name),
                   client.samples, client.invited, client.counted, client.late, client.absent,
                   client.agreement);
  }
  return text;
}

// The first file of a run or a sweep that is in `directory`; null: there is none.
const char* sign_of_a_run(const fs::path& directory) {
  std::vector<const char*> names = {kMetrics,    kEvaluations, kClients,
                                    kParameters, kSummary,     kSweep};
  names.insert(names.end(), kRunPictures.begin(), kRunPictures.end());
  for (const char* name : names) {
    if (is_there(directory / name)) return name;
  }
  return nullptr;
}

}  // namespace

struct RunFolder::State {
  State(const fs::path& where, const std::string& config_toml)
      : directory(where),
        config(config_values(config_toml)),
        metrics(where / kMetrics,
                "round,seconds,delta,train_loss,voters,expected,abstained,decided,bytes_up,"
                "bytes_down,fingerprint"),
        evaluations(where / kEvaluations,
                    "round,held_out_loss,held_out_accuracy,held_out_samples,"
                    "clients_mean_loss,clients_mean_accuracy,clients_mean_samples,"
                    "clients_median_loss,clients_median_accuracy,clients_median_samples") {}

  fs::path directory;
  ConfigValues config;
  Table metrics;
  Table evaluations;
  RunCharts charts;
};

RunFolder::RunFolder(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunFolder::RunFolder(RunFolder&&) noexcept = default;
RunFolder& RunFolder::operator=(RunFolder&&) noexcept = default;
RunFolder::~RunFolder() = default;

Result<RunFolder> RunFolder::create(const fs::path& directory, const std::string& config_toml) {
  if (const auto made = make_out_folder(directory); !made) return made.error();
  if (const char* name = sign_of_a_run(directory)) {
    return Error{fmt::format("--out: {} already holds a run or a sweep ({}); choose another folder",
                             directory.string(), name)};
  }
  const Status written = replace_file(directory / kConfig, config_toml);
  if (!written) return Error{"--out: " + written.error().text};
  return RunFolder(std::make_unique<State>(directory, config_toml));
}

Result<RunFolder> RunFolder::create_part(const fs::path& directory,
                                         const std::string& config_toml) {
  fs::path part = directory;
  if (is_there(directory / kSweep)) return create(directory, config_toml);  // refuses it
  for (std::uint32_t number = 2; sign_of_a_run(part) != nullptr; ++number) {
    part = directory / fmt::format("part-{}", number);
  }
  return create(part, config_toml);
}

const fs::path& RunFolder::directory() const { return state_->directory; }

void RunFolder::add(const RoundRow& row) {
  state_->charts.add(row);
  // Nine digits name a float exactly.
  state_->metrics.add(fmt::format("{},{:.6f},{:.9g},{:.6g},{},{},{:.6g},{:.6g},{},{},{}", row.round,
                                  row.seconds, row.delta, row.train_loss, row.voters, row.expected,
                                  row.abstained, row.decided, row.bytes_up, row.bytes_down,
                                  format_hex(row.fingerprint)));
}

void RunFolder::add(const EvaluationRow& row) {
  state_->charts.add(row);
  state_->evaluations.add(fmt::format("{}{}{}{}", row.round, csv_evaluation(row.held_out),
                                      csv_evaluation(row.clients_mean),
                                      csv_evaluation(row.clients_median)));
}

Status RunFolder::finish(const Summary& summary, const std::vector<ClientRow>& clients,
                         std::span<const float> parameters) {
  const fs::path& directory = state_->directory;
  for (Table* table : {&state_->metrics, &state_->evaluations}) {
    if (const Status closed = table->close(); !closed) return closed;
  }
  if (const Status written = replace_file(directory / kClients, clients_csv(clients)); !written) {
    return written;
  }
  if (const Status written = replace_file(directory / kParameters, npy_bytes(parameters));
      !written) {
    return written;
  }
  return replace_file(directory / kSummary, to_json(summary) + "\n");
}

Status RunFolder::draw_pictures(const Summary& summary) {
  if (state_->charts.empty()) return Error{"no pictures: no round was finished"};
  return draw(state_->charts.pictures(state_->directory, run_in_words(state_->config, summary)));
}

}  // namespace psephos
