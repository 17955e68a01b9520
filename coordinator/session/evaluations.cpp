// When the model is evaluated, and what clients say of it.

#include <algorithm>
#include <limits>
#include <vector>

#include "coordinator/session/session.h"

namespace psephos::coordinator {

// Is x_round_ to be evaluated?
bool Session::evaluation_due() const {
  const RunConfig& config = options_.config;
  return round_ == config.hyper.rounds ||
         (config.eval_every != 0 && round_ % config.eval_every == 0);
}

void Session::evaluate_held_out() {
  if (!options_.held_out || held_out_asked_ == round_) return;
  held_out_asked_ = round_;
  ++held_out_pending_;
  actions_.push_back(EvaluateHeldOut{round_});
}

void Session::on_held_out(const HeldOutEvaluated& evaluated) {
  if (held_out_pending_ > 0) --held_out_pending_;
  EvaluationRow row;
  row.round = evaluated.round;
  row.held_out = evaluated.result;
  actions_.push_back(EvaluationKnown{row});
}

// Reports what clients said of the last evaluation round: a mean weighted by samples, and the
// median, which a liar moves less. Neither is used in training.
void Session::flush_client_evaluations() {
  if (evaluations_.empty()) return;
  EvaluationResult mean;
  double weights = 0;  // sums of what strangers claim do not fit integers
  std::vector<double> losses;
  std::vector<double> accuracies;
  for (const auto& [identity, report] : evaluations_) {
    weights += static_cast<double>(report.samples);
    losses.push_back(report.loss);
    accuracies.push_back(report.accuracy);
  }
  for (const auto& [identity, report] : evaluations_) {
    const double weight = static_cast<double>(report.samples) / weights;
    mean.loss += weight * report.loss;
    mean.accuracy += weight * report.accuracy;
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - mean.samples;
    mean.samples += std::min(report.samples, room);
  }
  const auto lower_median = [](std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  };
  EvaluationRow row;
  row.round = evaluation_round_;
  row.clients_mean = mean;
  row.clients_median =
      EvaluationResult{lower_median(losses), lower_median(accuracies), mean.samples};
  evaluations_.clear();
  actions_.push_back(EvaluationKnown{row});
}

}  // namespace psephos::coordinator
