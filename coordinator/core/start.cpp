#include "coordinator/core/start.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "coordinator/ledger/replay.h"
#include "coordinator/ledger/run_words.h"
#include "runtime/base/check.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/replica/initial_parameters.h"

namespace psephos::coordinator {
namespace {

Replica initial_replica(const CoordinatorOptions& options) {
  Replica x(parameter_count(options.tensors));
  if (options.x_0.empty()) {
    fill_initial_parameters(options.tensors, options.config.hyper.seed, x.mutable_parameters());
  } else {
    PSEPHOS_CHECK(options.x_0.size() == x.size(), "x_0 of another model");
    std::ranges::copy(options.x_0, x.mutable_parameters().begin());
  }
  return x;
}

std::string words_of(const CoordinatorOptions& options) {
  return run_words(options.config, options.tensors, options.data_manifest, options.held_out_hash);
}

// The checkpoint of round 0.
CheckpointRef first_checkpoint(const CoordinatorOptions& options, const Replica& x_0,
                               const RoundTerms& terms) {
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->fingerprint = x_0.fingerprint();
  checkpoint->bytes =
      encode_checkpoint(0, x_0.parameters(), checkpoint->fingerprint, nullptr, terms);
  const DecisionChoice& choice = options.config.decision;
  const bool remembers = options.durable && needs_of(choice).state;
  append_state(remembers ? copy_state(choice.rule->make(choice.values)->slots()) : RuleState(),
               checkpoint->rule);
  return checkpoint;
}

Result<Start> begin(const CoordinatorOptions& options, Ledger& ledger) {
  Start start;
  start.x = initial_replica(options);
  start.carried.terms = first_terms(options.config, options.tensors);
  start.carried.durable = options.durable;
  const CheckpointRef x_0 = first_checkpoint(options, start.x, start.carried.terms);
  RunRecord run;
  run.run = options.run;
  run.words = words_of(options);
  run.parameters = static_cast<std::uint32_t>(start.x.size());
  run.rounds = options.config.hyper.rounds;
  run.x0_given = !options.x_0.empty();
  run.tensors = options.tensors;
  run.fingerprint = x_0->fingerprint;
  if (const Status begun = ledger.begin(run, x_0); !begun) return begun.error();
  return start;
}

// A ballot that may still count is at most `staleness` rounds old, so one that was counted before
// and may come again is in one of so many decisions. The last one's voters are always among them:
// they are who was there.
std::vector<CountedBallot> counted_lately(const Ledger& ledger, std::uint32_t staleness) {
  std::map<std::string, std::uint32_t> newest;
  const std::uint32_t back = std::min(ledger.rounds(), std::max(staleness, 1u));
  for (std::uint32_t round = ledger.rounds() - back; round < ledger.rounds(); ++round) {
    const DecisionRef record = ledger.decision(round);
    PSEPHOS_CHECK(record, "the newest decisions are within reach");
    for (const CountedBallot& ballot : record->counted) {
      std::uint32_t& highest = newest[ballot.identity];
      highest = std::max(highest, ballot.round);
    }
  }
  std::vector<CountedBallot> counted;
  for (const auto& [identity, round] : newest) counted.push_back({identity, round});
  return counted;
}

Error votes_missing() {
  return Error{
      "--ledger: the votes since its newest checkpoint are missing, and the decision rule "
      "follows from them: go on from a backup"};
}

Result<Start> go_on(const CoordinatorOptions& options, Ledger& ledger) {
  if (const Status same = check_same_run(options, ledger); !same) return same.error();
  auto replay = Replay::from(*ledger.newest_checkpoint(), *ledger.run());
  if (!replay) return replay.error();
  while (replay->round() < ledger.rounds()) {
    const DecisionRef record = ledger.decision(replay->round());
    PSEPHOS_CHECK(record, "decisions after the newest checkpoint are within reach");
    const auto counts = ledger.counts(replay->round());
    if (!counts) return counts.error();
    if (const Status applied = replay->apply(*record, *counts, options.threads); !applied) {
      return applied.error();
    }
  }
  if (!replay->remembers()) return votes_missing();
  // Not before all else is well: a start that is refused leaves the ledger as it was.
  const std::uint32_t rounds = options.config.hyper.rounds;
  if (rounds > ledger.run()->rounds) {
    if (const Status grown = ledger.grow(rounds); !grown) return grown.error();
  }
  Start start;
  start.counted = counted_lately(ledger, options.config.hyper.staleness);
  if (ledger.rounds() > 0) {
    start.carried.decay_pending = ledger.decision(ledger.rounds() - 1)->decay_pending;
  }
  start.carried.last = replay->take_last();
  start.carried.terms = replay->terms();
  start.carried.rule = replay->take_rule();
  start.carried.durable = options.durable;
  start.x = replay->take_replica();
  return start;
}

}  // namespace

Status check_same_run(const CoordinatorOptions& options, const Ledger& ledger) {
  const RunRecord* run = ledger.run();
  if (run == nullptr) return Ok{};
  constexpr const char* kAdvice =
      "start the coordinator as this run was started, or give another run a ledger of its own";
  const std::string words = words_of(options);
  if (const auto differs = first_difference(run->words, words)) {
    return Error{fmt::format("--ledger: its run has {} {}, not {}: {}", differs->flag, differs->was,
                             differs->is, kAdvice)};
  }
  const std::size_t known = counted_lately(ledger, options.config.hyper.staleness).size();
  if (options.config.max_clients < known) {
    return Error{
        fmt::format("--max-clients {}: {} clients voted lately in the ledger's run, and "
                    "their places are kept for them",
                    options.config.max_clients, known)};
  }
  const std::uint32_t rounds = options.config.hyper.rounds;
  if (rounds < run->rounds) {
    return Error{fmt::format(
        "--rounds {}: the ledger's run has {}; a run that goes on may have more, not fewer", rounds,
        run->rounds)};
  }
  const bool given = !options.config.init_file.empty() || !options.x_0.empty();
  if (given && !run->x0_given) {
    return Error{
        "--init or --warm-start: the ledger's run began with parameters that its seed drew: leave "
        "it out"};
  }
  if (!options.x_0.empty() && fingerprint(options.x_0) != run->fingerprint) {
    return Error{
        "--init or --warm-start: the ledger's run began with other parameters than these; it has "
        "its own: leave it out"};
  }
  return Ok{};
}

Status check_votes(Ledger& ledger) {
  if (ledger.run() == nullptr) return Ok{};
  for (std::uint32_t round = ledger.newest_checkpoint()->round; round < ledger.rounds(); ++round) {
    const DecisionRef record = ledger.decision(round);
    PSEPHOS_CHECK(record, "decisions after the newest checkpoint are within reach");
    const auto counts = ledger.counts(round);
    if (!counts) return Error{"--ledger: " + counts.error().text};
    if (!*counts && record->counts_hash != 0) return votes_missing();
  }
  return Ok{};
}

Result<Start> start_run(const CoordinatorOptions& options, Ledger& ledger) {
  return ledger.run() == nullptr ? begin(options, ledger) : go_on(options, ledger);
}

}  // namespace psephos::coordinator
