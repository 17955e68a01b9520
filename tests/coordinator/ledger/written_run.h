#pragma once
// A run as a coordinator writes it, without clients: ballots are drawn, counted and decided by the
// real counting room, and who votes late, comes and goes is drawn as well. The same seed writes the
// same run, into whatever ledger.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/counting/counting_room.h"
#include "coordinator/ledger/ledger_file.h"
#include "coordinator/ledger/memory_ledger.h"
#include "coordinator/ledger/run_words.h"
#include "runtime/base/check.h"
#include "tests/coordinator/counting/close.h"
#include "tests/coordinator/counting/rooms.h"
#include "tests/runtime/signs/signs_of.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator::testing {

class WrittenRun {
 public:
  WrittenRun(Ledger& ledger, std::size_t d, std::uint32_t seed)
      : WrittenRun(ledger, d, config_of(seed)) {}
  WrittenRun(Ledger& ledger, std::size_t d, const RunConfig& config)
      : ledger_(ledger),
        config_(config),
        dice_(config.hyper.seed),
        room_(first_room(config, first(d))) {
    RunRecord run;
    run.run = 1000 + config.hyper.seed;
    run.words = run_words(config, one_tensor(d), 0, 0);
    run.tensors = one_tensor(d);
    run.parameters = static_cast<std::uint32_t>(d);
    run.rounds = config_.hyper.rounds;
    run.fingerprint = room_.fingerprint();
    PSEPHOS_CHECK(ledger.begin(run, room_.checkpoint()).ok(), "an empty ledger takes a run");
  }

  static RunConfig config_of(std::uint32_t seed) {
    RunConfig config;
    config.hyper.rounds = 10'000;
    config.hyper.seed = seed;
    config.hyper.staleness = 3;
    config.lr = 0.01;
    config.weight_decay = 0.002;
    return config;
  }

  // One whose decision rule remembers, and whose ballots report for scales.
  static RunConfig remembering(std::uint32_t seed) {
    RunConfig config = config_of(seed);
    config.decision = *parse_decision_rule("momentum:0.9,0.01");
    config.hyper.ballot = *parse_ballot_rule("stochastic-ternary:2");
    return config;
  }

  // Decides the next round; what the ledger says to that.
  Status round() {
    const std::uint32_t open = room_.round();
    const std::uint32_t voters = 1 + dice_.below(5);
    for (std::uint32_t v = 0; v < voters; ++v) vote("client-" + std::to_string(v), open);
    const ClosedRound closed = close(room_);
    Status committed = ledger_.commit(closed.record, membership(), closed.counts);
    if (!committed) return committed;
    if (room_.round() % kCheckpointEvery != 0) return Ok{};
    return ledger_.add_checkpoint(room_.checkpoint());
  }
  void rounds(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) PSEPHOS_CHECK(round().ok(), "a ledger takes a round");
  }

  const CountingRoom& room() const { return room_; }

 private:
  Replica first(std::size_t d) {
    Replica x(d);
    for (float& value : x.mutable_parameters()) value = 2 * dice_.unit() - 1;
    return x;
  }

  // Now and then a round late, where it has not voted for that one.
  void vote(const std::string& name, std::uint32_t open) {
    std::uint32_t round = open;
    if (open > 0 && dice_.below(4) == 0 && (!newest_.contains(name) || newest_[name] < open - 1)) {
      --round;
    }
    newest_[name] = round;
    const std::size_t d = room_.size();
    room_.count({name, round},
                psephos::testing::held(psephos::testing::signs_of(
                    psephos::testing::random_text(d, dice_.below(40), open / 4 + dice_.below(2)))),
                reports());
  }

  std::vector<float> reports() {
    if (!config_.hyper.ballot.rule->needs.scales) return {};
    return {dice_.unit()};
  }

  Membership membership() {
    Membership membership;
    for (std::uint32_t i = dice_.below(3); i > 0; --i) {
      membership.events.push_back({static_cast<MembershipEvent::Kind>(dice_.below(4)),
                                   "client-" + std::to_string(dice_.below(9))});
    }
    membership.left_out = dice_.below(2);
    return membership;
  }

  Ledger& ledger_;
  RunConfig config_;
  wire::testing::Dice dice_;
  CountingRoom room_;
  std::map<std::string, std::uint32_t> newest_;
};

// Everything a ledger's rows say, to be compared; "" and a failure where something is refused.
inline std::string everything_in(LedgerFile& file) {
  std::string all = canonical(*file.run());
  const auto epochs = file.epochs();
  const auto checkpoints = file.checkpoints();
  if (!epochs || !checkpoints) return "";
  for (const EpochRecord& epoch : *epochs) all += canonical(epoch);
  for (const std::uint32_t round : *checkpoints) {
    const auto checkpoint = file.checkpoint(round);
    if (!checkpoint) return "";
    all += std::to_string(round);
    all.append((*checkpoint)->bytes.begin(), (*checkpoint)->bytes.end());
    all.append((*checkpoint)->rule.begin(), (*checkpoint)->rule.end());
  }
  auto reader = DecisionReader::from(file, 0);
  if (!reader) return "";
  while (reader->more()) {
    const auto stored = reader->next();
    if (!stored) return "";
    all += canonical(*stored->record, stored->events, stored->left_out);
    const auto membership = file.membership(*stored);
    const auto counts = file.counts(*stored->record);
    if (!membership || !counts) return "";
    if (*counts) all.append((*counts)->begin(), (*counts)->end());
    for (std::uint32_t i = 0; i < membership->events.size(); ++i) {
      all += canonical(stored->record->round, i, membership->events[i]);
    }
  }
  return all;
}

}  // namespace psephos::coordinator::testing
