#include "coordinator/core/reporter.h"

#include <fmt/format.h>

#include <cstdio>

namespace psephos::coordinator {

Reporter::Reporter(const OutputOptions& output, std::uint32_t rounds)
    : output_(output),
      rounds_(rounds),
      terminal_(stderr_is_terminal() && !output.quiet, output.quiet) {}

Reporter::Reporter(Silent) : silent_(true), terminal_(false, true) { output_.quiet = true; }

Status Reporter::open_folder(const std::string& config_toml, bool goes_on) {
  if (output_.out.empty()) return Ok{};
  auto folder = goes_on ? RunFolder::create_part(output_.out, config_toml)
                        : RunFolder::create(output_.out, config_toml);
  if (!folder) return folder.error();
  folder_.emplace(std::move(*folder));
  if (folder_->directory() != output_.out) {
    note(fmt::format("--out: {} holds an earlier part of a run; this one goes to {}", output_.out,
                     folder_->directory().string()));
  }
  return Ok{};
}

void Reporter::start() { started_ = last_round_ = std::chrono::steady_clock::now(); }

void Reporter::round_finished(const RoundRow& row) {
  last_round_ = std::chrono::steady_clock::now();
  run_s_ = row.seconds;
  if (folder_) folder_->add(row);
  terminal_.progress(row, rounds_, wall_seconds());
}

void Reporter::evaluation_known(const EvaluationRow& row) {
  if (row.held_out) held_out_ = row.held_out;
  if (row.clients_median) clients_median_ = row.clients_median;
  if (folder_) folder_->add(row);
  terminal_.evaluation(row, rounds_, wall_seconds());
}

void Reporter::note(const std::string& text) {
  if (silent_) return;
  const std::lock_guard lock(mutex_);
  if (!notes_.take(std::chrono::duration_cast<Instant>(
          std::chrono::steady_clock::now().time_since_epoch()))) {
    ++left_out_;
    return;
  }
  say_left_out();
  terminal_.log(text);
}

void Reporter::note_weighty(const std::string& text) {
  if (silent_) return;
  const std::lock_guard lock(mutex_);
  terminal_.log(text);
}

// With mutex_ held.
void Reporter::say_left_out() {
  if (left_out_ == 0) return;
  terminal_.log(fmt::format("({} more such lines left out)", left_out_));
  left_out_ = 0;
}

double Reporter::wall_seconds() const {
  return started_ ? std::chrono::duration<double>(last_round_ - *started_).count() : run_s_;
}

Status Reporter::finish(Summary& summary, const Coordinator& coordinator) {
  terminal_.finish();
  {
    const std::lock_guard lock(mutex_);
    say_left_out();
  }
  const std::optional<EvaluationResult>& best_known = held_out_ ? held_out_ : clients_median_;
  if (best_known) {
    summary.accuracy = best_known->accuracy;
    summary.loss = best_known->loss;
    summary.accuracy_of = held_out_ ? "held-out" : "clients";
  }
  summary.wall_s = wall_seconds();
  summary.virtual_s = run_s_;
  const std::uint32_t rounds_led = summary.rounds - coordinator.first_round();
  summary.rounds_per_s = summary.wall_s > 0 ? rounds_led / summary.wall_s : 0;
  const std::vector<ClientRow> clients = coordinator.session().client_rows();
  std::FILE* out = output_.json ? stderr : stdout;
  if (!output_.quiet) {
    fmt::print(out, "{}", describe(summary));
    for (const std::string& sentence : neglected_clients(clients))
      fmt::print(out, "{}\n", sentence);
  }
  const Status written = write_folder(summary, coordinator, clients);
  if (written && folder_ && !output_.quiet) {
    fmt::print(out, "run folder: {}\n", folder_->directory().string());
  }
  if (output_.json) fmt::print(stdout, "{}\n", to_json(summary));
  std::fflush(stdout);
  return written;
}

Status Reporter::write_folder(const Summary& summary, const Coordinator& coordinator,
                              const std::vector<ClientRow>& clients) {
  if (!folder_) return Ok{};
  const Status written = folder_->finish(summary, clients, coordinator.parameters());
  if (!written) return written;
  if (const Status drawn = folder_->draw_pictures(summary); !drawn) {
    terminal_.log(drawn.error().text);
  }
  return Ok{};
}

}  // namespace psephos::coordinator
