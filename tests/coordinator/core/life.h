#pragma once
// A coordinator that can be ended and started again, for tests of what a restart changes.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "runtime/replica/fingerprint.h"
#include "tests/coordinator/core/outlet.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::coordinator::testing {

inline constexpr std::size_t kLifeParameters = 300;
inline constexpr std::uint64_t kLifeRun = 77;

inline CoordinatorOptions life_options(std::uint32_t rounds, std::uint64_t session = 1) {
  CoordinatorOptions options;
  options.config.hyper.rounds = rounds;
  options.config.hyper.seed = 5;
  options.config.hyper.staleness = 2;
  options.config.min_voters = 2;
  options.config.weight_decay = 0.002;
  options.config.lr = 0.01;
  options.tensors = {{"weight", 0, kLifeParameters, 0.25F}};
  options.run = kLifeRun;
  options.session = session;
  options.held_out = false;
  return options;
}

inline std::string opinion(const std::string& name, std::uint32_t round) {
  return psephos::testing::random_text(kLifeParameters, 10, round / 5 * 100 + name.back() % 7u);
}

// A coordinator that can be ended and started again, and clients that only vote.
class Life {
 public:
  Life(CoordinatorOptions options, std::function<std::unique_ptr<Ledger>()> ledger)
      : options_(std::move(options)), ledger_(std::move(ledger)) {
    start();
  }

  void start() {
    coordinator.reset();  // before its ledger is opened again
    ++options_.session;
    options_.run =
        coordinator_starts_++ == 0 ? kLifeRun : 999;  // of no interest to a run that goes on
    coordinator = std::make_unique<Coordinator>(options_, ledger_(), outlet);
    coordinator->handle(Started{}, now);
    for (const char* name : {"ann", "ben"}) {
      coordinator->handle(FrameArrived{name, "", join_frame(name)}, now);
    }
  }
  void vote(const std::string& name, std::uint32_t round) {
    const bool reports = options_.config.hyper.ballot.rule->needs.scales;
    const Frame ballot = vote_frame(
        options_.session, kLifeRun, round, opinion(name, round),
        reports ? std::vector<float>{static_cast<float>(1 + round % 7)} : std::vector<float>());
    coordinator->handle(FrameArrived{name, "", ballot}, now);
  }
  std::uint64_t session() const { return options_.session; }
  std::uint32_t round() const { return coordinator->session().round(); }
  std::uint64_t fingerprint() const { return psephos::fingerprint(coordinator->parameters()); }

  KeepingOutlet outlet;
  Instant now{0};
  std::unique_ptr<Coordinator> coordinator;

 private:
  CoordinatorOptions options_;
  std::function<std::unique_ptr<Ledger>()> ledger_;
  int coordinator_starts_ = 0;
};

}  // namespace psephos::coordinator::testing
