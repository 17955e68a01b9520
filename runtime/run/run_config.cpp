#include "runtime/run/run_config.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/vote/tally.h"

namespace psephos {
namespace {

static_assert(kMaxClients <= kMaxVoters, "a round of all clients must fit a tally");

Status check_rates(const RunConfig& config) {
  if (config.batch < 1 || config.batch > kMaxBatch) {
    return Error{fmt::format("--batch {}: must be 1 to {} samples", config.batch, kMaxBatch)};
  }
  if (!(std::isfinite(config.local_lr) && config.local_lr > 0)) {
    return Error{fmt::format("--local-lr {}: must be a finite number above 0", config.local_lr)};
  }
  if (!(config.lr >= kMinLearningRate && config.lr <= kMaxLearningRate)) {
    return Error{
        fmt::format("--lr {}: must be {} to {}", config.lr, kMinLearningRate, kMaxLearningRate)};
  }
  // Of the float that travels: rounded up, it could reach what the double does not.
  const double decay = double{static_cast<float>(config.lr)} * config.weight_decay;
  if (!(config.weight_decay >= 0 && decay < 1)) {
    return Error{
        fmt::format("--weight-decay {}: must be at least 0, and --lr times --weight-decay below 1",
                    config.weight_decay)};
  }
  if (!(config.fraction > 0 && config.fraction <= 1)) {
    return Error{fmt::format("--fraction {}: must be above 0 and at most 1", config.fraction)};
  }
  return Ok{};
}

Status check_people(const RunConfig& config) {
  if (config.max_clients < 1 || config.max_clients > kMaxClients) {
    return Error{fmt::format("--max-clients {}: must be 1 to {}", config.max_clients, kMaxClients)};
  }
  if (config.min_voters < 1) return Error{"--min-voters 0: must be at least 1"};
  if (config.min_voters > config.max_clients) {
    return Error{
        fmt::format("--min-voters {} is more than --max-clients {}: no round would ever close",
                    config.min_voters, config.max_clients)};
  }
  const auto check_optional = [&](std::string_view flag, std::uint32_t count) -> Status {
    if (count == 0 || (count >= config.min_voters && count <= config.max_clients)) return Ok{};
    return Error{
        fmt::format("{} {}: must be 0, or at least --min-voters {} and at most --max-clients {}",
                    flag, count, config.min_voters, config.max_clients)};
  };
  if (Status status = check_optional("--target-voters", config.target_voters); !status) {
    return status;
  }
  if (config.client_eval && config.hyper.audience == Audience::kDrawn) {
    return Error{
        "--client-eval needs --audience all: clients that are only called when drawn cannot be "
        "asked"};
  }
  return check_optional("--min-clients", config.min_clients);
}

Status check_decision(const RunConfig& config) {
  const DecisionChoice& decision = config.decision;
  if (const Status known = check_rule(decision.rule->head, decision.values); !known) {
    return Error{"--decision " + known.error().text};
  }
  if (config.downlink == Downlink::kTernary) return Ok{};
  const bool ballots_abstain = config.hyper.ballot.rule->needs.abstains;
  if (ballots_abstain || needs_of(decision).zeros) {
    return Error{
        fmt::format("--downlink binary cannot carry what {} leaves out: use --downlink ternary, or "
                    "another rule",
                    ballots_abstain ? "--ballot " + to_string(config.hyper.ballot)
                                    : "--decision " + to_string(decision))};
  }
  return Ok{};
}

}  // namespace

RoundTerms first_terms(const RunConfig& config, const TensorTable& tensors) {
  const bool scales = config.hyper.ballot.rule->needs.scales;
  return {config.local_lr, config.batch, std::vector<float>(scales ? tensors.size() : 0)};
}

Status check_run_config(const RunConfig& config) {
  if (Status status = check_hyperparameters(config.hyper); !status) return status;
  if (Status status = check_rates(config); !status) return status;
  if (Status status = check_people(config); !status) return status;
  if (config.deadline_ms < kMinDeadlineMs || config.deadline_ms > kMaxDeadlineMs) {
    return Error{fmt::format("--deadline-ms {}: must be {} to {}", config.deadline_ms,
                             kMinDeadlineMs, kMaxDeadlineMs)};
  }
  return check_decision(config);
}

}  // namespace psephos
