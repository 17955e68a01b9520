#include "runtime/run/run_config.h"

#include <fmt/format.h>

namespace psephos {
namespace {

static_assert(kMaxClients <= kMaxVoters, "a round of all clients must fit a tally");

Status check_rates(const RunConfig& config) {
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
  const bool quorum = config.decision.kind == DecisionRule::Kind::kQuorum;
  if (quorum && (config.decision.quorum_ppm < 1 || config.decision.quorum_ppm > 1'000'000)) {
    return Error{"--decision quorum:THETA: THETA must be above 0 and at most 1"};
  }
  if (config.downlink == Downlink::kTernary) return Ok{};
  if (quorum || config.hyper.ballot.kind != BallotRule::Kind::kSign) {
    return Error{
        "--downlink binary cannot carry abstentions: use --downlink ternary, or --ballot sign "
        "with --decision majority"};
  }
  return Ok{};
}

}  // namespace

Result<Downlink> parse_downlink(std::string_view text) {
  if (text == "ternary") return Downlink::kTernary;
  if (text == "binary") return Downlink::kBinary;
  return Error{fmt::format("unknown downlink '{}': known are ternary and binary", text)};
}

std::string to_string(Downlink downlink) {
  return downlink == Downlink::kTernary ? "ternary" : "binary";
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
