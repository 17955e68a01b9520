#include "coordinator/core/start.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "coordinator/ledger/replay.h"
#include "coordinator/ledger/run_words.h"
#include "runtime/base/check.h"
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

Result<Start> begin(const CoordinatorOptions& options, Ledger& ledger) {
  Start start;
  start.x = initial_replica(options);
  CountingRoom room(options.config, start.x, 0);
  RunRecord run;
  run.run = options.run;
  run.words = words_of(options);
  run.parameters = static_cast<std::uint32_t>(start.x.size());
  run.rounds = options.config.hyper.rounds;
  run.x0_given = !options.x_0.empty();
  const CheckpointRef x_0 = room.checkpoint();
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

Result<Start> go_on(const CoordinatorOptions& options, Ledger& ledger) {
  if (const Status same = check_same_run(options, ledger); !same) return same.error();
  const std::uint32_t rounds = options.config.hyper.rounds;
  if (rounds > ledger.run()->rounds) {
    if (const Status grown = ledger.grow(rounds); !grown) return grown.error();
  }
  auto replay = Replay::from(*ledger.newest_checkpoint(), ledger.run()->parameters);
  if (!replay) return replay.error();
  while (replay->round() < ledger.rounds()) {
    const DecisionRef record = ledger.decision(replay->round());
    PSEPHOS_CHECK(record, "decisions after the newest checkpoint are within reach");
    if (const Status applied = replay->apply(*record, options.threads); !applied) {
      return applied.error();
    }
  }
  Start start;
  start.counted = counted_lately(ledger, options.config.hyper.staleness);
  if (ledger.rounds() > 0) {
    start.carried.decay_pending = ledger.decision(ledger.rounds() - 1)->decay_pending;
  }
  start.carried.last = replay->take_last();
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

Result<Start> start_run(const CoordinatorOptions& options, Ledger& ledger) {
  return ledger.run() == nullptr ? begin(options, ledger) : go_on(options, ledger);
}

}  // namespace psephos::coordinator
