#include "simulator/sweep.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <exception>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "coordinator/core/reporter.h"
#include "coordinator/core/setup.h"
#include "runtime/base/interrupt.h"
#include "runtime/base/replace_file.h"
#include "runtime/base/units.h"
#include "runtime/data/split.h"
#include "runtime/report/config_values.h"
#include "simulator/population.h"
#include "simulator/run.h"

namespace psephos::simulator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAsked = "sweep.toml";
constexpr const char* kValidationTable = "sweep.csv";
constexpr const char* kTestTable = "test.csv";
constexpr auto kBetweenLooks = std::chrono::milliseconds(100);

// ---- one run -----------------------------------------------------------------------------------

Plan with_seed(Plan plan, std::uint32_t seed) {
  plan.config.hyper.seed = seed;
  plan.population.seed = seed;
  // The end is what counts.
  plan.config.eval_every = 0;
  plan.config.client_eval = false;
  plan.threads = 1;
  return plan;
}

Result<Summary> play_run(const Plan& plan, const DatasetRef& dataset) {
  const auto population = Population::make(plan.population, dataset);
  if (!population) return population.error();
  auto prepared = coordinator::prepare_run(plan.config, dataset);
  if (!prepared) return prepared.error();
  if (const Status loaded = coordinator::load_initial_parameters(plan.config, *prepared); !loaded) {
    return loaded.error();
  }
  coordinator::Reporter reporter{coordinator::Reporter::Silent{}};
  return run_simulation(plan, *population, std::move(*prepared), reporter);
}

struct RunToPlay {
  std::size_t point;
  std::uint32_t seed;
};

// No row for a run that Ctrl-C cut short.
std::optional<SweepRow> row_of(const RunToPlay& run, const Result<Summary>& summary,
                               std::uint32_t rounds) {
  SweepRow row;
  row.point = run.point;
  row.seed = run.seed;
  if (!summary) {
    row.failure = summary.error().text;
    return row;
  }
  if (summary->interrupted) return std::nullopt;
  if (summary->rounds < rounds) {
    row.failure =
        fmt::format("it stopped after {} rounds ({})", summary->rounds, summary->stopped_because);
  } else if (!summary->accuracy || !summary->loss) {
    row.failure = "it was not evaluated";
  } else if (!std::isfinite(*summary->accuracy) || !std::isfinite(*summary->loss)) {
    row.failure = "it diverged: the loss is not a number any more";
  } else {
    row.accuracy = *summary->accuracy;
    row.loss = *summary->loss;
    row.rounds = summary->rounds;
    row.wall_s = summary->wall_s;
    row.bits_up = summary->bits_up_per_parameter;
    row.bits_down = summary->bits_down_per_parameter;
    row.fingerprint = format_hex(summary->fingerprint);
  }
  return row;
}

// ---- many runs ---------------------------------------------------------------------------------

// Plays runs on threads of its own and hands their rows out one after the other.
class SideBySide {
 public:
  SideBySide(const std::vector<Plan>& plans, DatasetRef dataset, std::vector<RunToPlay> runs,
             unsigned jobs)
      : plans_(plans), dataset_(std::move(dataset)), runs_(std::move(runs)) {
    const auto workers = static_cast<unsigned>(std::min<std::size_t>(jobs, runs_.size()));
    working_ = workers;  // the first may be done, and count itself off, before the last is there
    for (unsigned i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }
  // Runs that have not begun are not begun; those that go on are waited for.
  ~SideBySide() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;

  // The next row, or none yet.
  std::optional<SweepRow> wait_for_row() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kBetweenLooks, [this] { return !rows_.empty() || working_ == 0; });
    if (rows_.empty()) return std::nullopt;
    SweepRow row = std::move(rows_.front());
    rows_.pop_front();
    return row;
  }

  bool ended() {
    const std::lock_guard lock(mutex_);
    return working_ == 0 && rows_.empty();
  }

 private:
  void work() {
    while (!stopping_ && interrupts() == 0) {
      const std::size_t i = next_++;
      if (i >= runs_.size()) break;
      const Plan plan = with_seed(plans_[runs_[i].point], runs_[i].seed);
      auto row = row_of(runs_[i], play(plan), plan.config.hyper.rounds);
      const std::lock_guard lock(mutex_);
      if (row) rows_.push_back(std::move(*row));
      changed_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    --working_;
    changed_.notify_one();
  }

  Result<Summary> play(const Plan& plan) const {
    try {
      return play_run(plan, dataset_);
    } catch (const std::exception& error) {
      return Error{error.what()};
    }
  }

  const std::vector<Plan>& plans_;
  DatasetRef dataset_;
  std::vector<RunToPlay> runs_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<SweepRow> rows_;
  unsigned working_ = 0;
  std::vector<std::thread> threads_;
};

Status play_missing(const SweepPlan& plan, const DatasetRef& dataset, SweepPhase phase,
                    const std::vector<RunToPlay>& runs, SweepTable& table,
                    const std::function<void(const SweepProgress&)>& told) {
  std::vector<RunToPlay> missing;
  std::ranges::copy_if(runs, std::back_inserter(missing),
                       [&table](const RunToPlay& run) { return !table.has(run.point, run.seed); });
  SweepProgress progress;
  progress.phase = phase;
  progress.total = runs.size();
  progress.done = progress.started_with = runs.size() - missing.size();
  told(progress);
  if (missing.empty()) return Ok{};
  SideBySide playing(plan.plans, dataset, std::move(missing), plan.jobs);
  while (!playing.ended()) {
    if (const auto row = playing.wait_for_row()) {
      if (const Status written = table.append(*row); !written) return written;
      ++progress.done;
    }
    told(progress);
  }
  return Ok{};
}

// One seed after the other: the grid is seen as a whole early.
std::vector<RunToPlay> runs_of_grid(const SweepPlan& plan) {
  std::vector<RunToPlay> runs;
  for (std::uint32_t i = 0; i < plan.seeds; ++i) {
    for (std::size_t point = 0; point < plan.plans.size(); ++point) {
      runs.push_back({point, plan.first_seed() + i});
    }
  }
  return runs;
}

// ---- the folder --------------------------------------------------------------------------------

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// What was asked for then and is not now, for a sentence.
std::string first_difference(const std::string& then, const std::string& now) {
  const ConfigValues before = config_values(then);
  const ConfigValues asked = config_values(now);
  const auto value_in = [](const ConfigValues& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("missing") : found->second;
  };
  for (const auto& [key, value] : asked) {
    const std::string was = value_in(before, key);
    if (was != value) return fmt::format("{} was \"{}\", now it is \"{}\"", key, was, value);
  }
  for (const auto& [key, value] : before) {
    if (!asked.contains(key)) return fmt::format("{} was \"{}\"", key, value);
  }
  return "";
}

Status claim(const fs::path& directory, const std::string& asked) {
  const fs::path path = directory / kAsked;
  if (!is_there(path)) {
    for (const char* name : {kValidationTable, kTestTable, "metrics.csv", "summary.json"}) {
      if (!is_there(directory / name)) continue;
      return Error{fmt::format("--out: {} holds something else ({}); choose another folder",
                               directory.string(), name)};
    }
    const Status written = replace_file(path, asked);
    if (!written) return Error{"--out: " + written.error().text};
    return Ok{};
  }
  const std::string difference = first_difference(read_text(path), asked);
  if (difference.empty()) return Ok{};
  return Error{
      fmt::format("--out: {} holds another sweep: {}; choose another folder, or ask as "
                  "then to go on with it",
                  directory.string(), difference)};
}

// The descriptor that holds the folder; closed by the kernel however this program ends.
Result<int> lock_folder(const fs::path& directory) {
  const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0 && ::flock(folder, LOCK_EX | LOCK_NB) == 0) return folder;
  const int error = errno;
  if (folder >= 0) ::close(folder);
  if (error == EWOULDBLOCK) {
    return Error{fmt::format("--out: a sweep is at work in {} already", directory.string())};
  }
  return Error{fmt::format("--out: cannot hold {}: {}", directory.string(),
                           std::generic_category().message(error))};
}

}  // namespace

SweepFolder::SweepFolder(int lock, SweepTable validation, SweepTable test)
    : lock_(lock), validation_(std::move(validation)), test_(std::move(test)) {}

SweepFolder::SweepFolder(SweepFolder&& other) noexcept
    : lock_(std::exchange(other.lock_, -1)),
      validation_(std::move(other.validation_)),
      test_(std::move(other.test_)) {}

SweepFolder::~SweepFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<SweepFolder> SweepFolder::open(const fs::path& directory, const std::string& asked,
                                      const Grid& grid) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error || !fs::is_directory(directory, error)) {
    return Error{fmt::format("--out: cannot create the folder {} ({}); choose another",
                             directory.string(),
                             error ? error.message() : "something else has that name")};
  }
  const auto lock = lock_folder(directory);
  if (!lock) return lock.error();
  const auto give_back = [&lock](const Error& why) {
    ::close(*lock);
    return why;
  };
  if (const Status ours = claim(directory, asked); !ours) return give_back(ours.error());
  auto validation = SweepTable::open(directory / kValidationTable, grid, "validation");
  if (!validation) return give_back(validation.error());
  auto test = SweepTable::open(directory / kTestTable, grid, "test");
  if (!test) return give_back(test.error());
  return SweepFolder(*lock, std::move(*validation), std::move(*test));
}

Result<SweepResult> play_sweep(const SweepPlan& plan, const DatasetRef& dataset,
                               SweepFolder& folder,
                               const std::function<void(const SweepProgress&)>& told) {
  auto split = hold_back(*dataset, plan.validation_fraction, HeldBackAs::kValidation);
  if (!split) return split.error();
  const auto validated = std::make_shared<const Dataset>(std::move(*split));
  const auto played = play_missing(plan, validated, SweepPhase::kGrid, runs_of_grid(plan),
                                   folder.validation(), told);
  if (!played) return played.error();

  SweepResult result;
  result.ranking = rank(folder.validation().rows(), plan.seeds);
  result.interrupted = interrupts() > 0;
  if (result.interrupted || result.ranking.empty()) return result;
  const Score& best = result.ranking.front();
  result.has_best = best.failure.empty() && best.finished == plan.seeds;
  if (!result.has_best || dataset->test.size() == 0) return result;

  std::vector<RunToPlay> again;
  for (std::uint32_t i = 0; i < plan.seeds; ++i) {
    again.push_back({best.point, plan.first_seed() + i});
  }
  const auto tested = play_missing(plan, dataset, SweepPhase::kBest, again, folder.test(), told);
  if (!tested) return tested.error();
  result.interrupted = interrupts() > 0;
  std::ranges::copy_if(folder.test().rows(), std::back_inserter(result.test_rows),
                       [&best](const SweepRow& row) { return row.point == best.point; });
  std::ranges::sort(result.test_rows, {}, &SweepRow::seed);
  return result;
}

}  // namespace psephos::simulator
