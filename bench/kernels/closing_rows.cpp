// What closing a streamed round costs, part by part: the ballots have been counted as they came,
// all but the last group.

#include <algorithm>
#include <bit>
#include <memory>

#include "bench/kernels/ballots.h"
#include "bench/kernels/table.h"
#include "coordinator/ledger/memory_ledger.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/replica/replica.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/vote/tally.h"

namespace psephos::bench {
namespace {

constexpr std::uint32_t kVoters = 64;
constexpr double kFloat = sizeof(float);

volatile std::uint32_t seen;

class ClosedRound {
 public:
  explicit ClosedRound(std::size_t parameters)
      : ballots_(random_ballots(parameters, kVoters)), counted_(parameters), replica_(parameters) {
    // The decision before had a few voters less.
    for (std::uint32_t v = 0; v + 6 < kVoters; ++v) add(counted_, v);
    before_ = counted_.decide(1);
    for (std::uint32_t v = kVoters - 6; v < kVoters; ++v) add(counted_, v);
    decision_ = counted_.decide(1);
    record_->votes = encode(decision_);
    std::ranges::copy(random_floats(parameters, 1, 0), replica_.mutable_parameters().begin());
  }

  // The ballots that may still wait when the round closes: a group but for one.
  void count_last_group() {
    still_counting_.clear();
    for (std::uint32_t v = 0; v + 1 < kTallyGroup; ++v) add(still_counting_, v);
    seen = static_cast<std::uint32_t>(still_counting_.net(0));
  }
  void compare() { seen = counted_.decide(1).signs[0]; }
  void encode_decision() { seen = psephos::encode_decision(decision_, &before_).planes[0]; }
  void apply_and_fingerprint() {
    seen = static_cast<std::uint32_t>(replica_.apply(decision_, 1e-3f, 0.9999f));
  }
  void commit() {
    record_->round = ledger_.rounds();
    PSEPHOS_CHECK(ledger_.commit(record_, {}, nullptr).ok(), "memory takes every decision");
  }

 private:
  void add(Tally& tally, std::uint32_t voter) {
    tally.add(SignsView(ballots_.parameters, ballots_.signs[voter], {}), nullptr);
  }

  Ballots ballots_;
  Tally counted_;
  Tally still_counting_{ballots_.parameters};
  Replica replica_;
  PackedSigns before_;
  PackedSigns decision_;
  std::shared_ptr<coordinator::DecisionRecord> record_ =
      std::make_shared<coordinator::DecisionRecord>();
  coordinator::MemoryLedger ledger_;
};

}  // namespace

void closing_rows(Table& table) {
  for (const std::size_t d : table.sizes()) {
    if (d < kMillion) continue;
    ClosedRound round(d);
    const auto part = [&](const char* name, double bytes, void (ClosedRound::*run)(),
                          const char* beside) {
      table.time({.kernel = name,
                  .isa = kernels::kernels().name,
                  .parameters = d,
                  .voters = kVoters,
                  .bytes = bytes,
                  .run = [&round, run] { (round.*run)(); },
                  .limits = {},
                  .target = {},
                  .beside = beside});
    };
    const double plane = static_cast<double>(d) / 8;
    part("close_last_group", plane * (kTallyGroup - 1), &ClosedRound::count_last_group,
         "GB/s of the group's ballots");
    part("close_compare", plane * std::bit_width(kVoters), &ClosedRound::compare,
         "GB/s of counters for 64 voters");
    part("close_encode", 2 * plane, &ClosedRound::encode_decision, "GB/s of both planes");
    part("close_apply", 2 * kFloat * static_cast<double>(d), &ClosedRound::apply_and_fingerprint,
         "with fingerprint; GB/s of floats read and written");
    part("close_commit", 0, &ClosedRound::commit, "to a ledger in memory: no bytes move");
  }
}

}  // namespace psephos::bench
