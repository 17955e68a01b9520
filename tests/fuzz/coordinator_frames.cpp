// A frame from a client that may be anybody, through everything a coordinator does with it: verify,
// read, the session machine, counting, the ledger; and, half of the time, a round that closes after
// it.
//
// Input: one byte of who speaks, how far the run has come, whether it goes on and whether its rules
// remember and ask for scales, then the frame.

#include <string>
#include <utility>

#include "coordinator/core/coordinator.h"
#include "coordinator/ledger/memory_ledger.h"
#include "runtime/base/check.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/signs/ballot_codec.h"
#include "tests/fuzz/scripted_run.h"

namespace psephos::coordinator {
namespace {

constexpr std::size_t kParameters = 43;

// Reads what is sent from some moment on, and forgets it.
struct Swallower : Outlet {
  bool reads = false;
  void send(const std::string&, const Frame& frame) override {
    if (!reads) return;
    PSEPHOS_CHECK(wire::read_coordinator_frame(*frame, kParameters).ok(),
                  "a coordinator sends sense");
  }
  void evaluate(std::uint32_t, std::shared_ptr<const AlignedVector<float>>) override {}
  void round_finished(const RoundRow&) override {}
  void evaluation_known(const EvaluationRow&) override {}
  void note(const std::string&) override {}
};

CoordinatorOptions options(bool remembers) {
  CoordinatorOptions options;
  options.config.hyper = fuzz::hyperparameters();
  options.config.batch = 1;
  options.config.min_voters = 1;
  options.config.deadline_ms = 1000;
  options.config.max_clients = 4;
  options.config.eval_every = 1;
  options.config.client_eval = true;
  options.tensors = fuzz::tensors();
  options.run = fuzz::kRun;
  options.session = fuzz::kSession;
  options.held_out = false;
  options.durable = remembers;
  if (remembers) {
    options.config.decision = *parse_decision_rule("momentum:0.5");
    options.config.hyper.ballot = *parse_ballot_rule("stochastic-ternary:2");
  }
  return options;
}

Frame join(const std::string& name) {
  wire::Join join;
  join.name = name;
  return wire::build(wire::ClientMessage{join});
}

Frame ballot(std::uint32_t round, bool reports) {
  PackedSigns signs{kParameters, AlignedVector<std::uint32_t>(word_count(kParameters), 0), {}};
  signs.signs[0] = 5 + round;
  const EncodedSigns votes = encode(signs);
  wire::Ballot ballot;
  ballot.session = fuzz::kSession;
  ballot.run = fuzz::kRun;
  ballot.round = round;
  ballot.encoding = votes.encoding;
  ballot.planes = votes.planes;
  if (reports) ballot.scales.assign(fuzz::tensors().size(), 0.5F);
  return wire::build(wire::ClientMessage{ballot});
}

class Run {
 public:
  explicit Run(bool remembers)
      : coordinator_(options(remembers), std::make_unique<MemoryLedger>(), outlet_) {
    handle(Started{});
  }

  void hear(const char* peer, const Frame& frame) { handle(FrameArrived{peer, "", frame}); }
  void read_what_is_sent() { outlet_.reads = true; }
  void pass(Duration duration) {
    now_ += duration;
    handle(Tick{});
  }

 private:
  void handle(const Event& event) {
    coordinator_.handle(event, now_);
    PSEPHOS_CHECK(coordinator_.ledger().rounds() == coordinator_.session().round(),
                  "the open round is the one after the last decision");
    PSEPHOS_CHECK(coordinator_.session().round() <= fuzz::kRounds, "a run has its rounds");
    PSEPHOS_CHECK(fingerprint(coordinator_.parameters()) == coordinator_.session().fingerprint(),
                  "the machine and the counting room stand at one round");
  }

  Swallower outlet_;
  Instant now_{std::chrono::seconds(1)};
  Coordinator coordinator_;
};

const Frame kJoin = join("member");
const Frame kBallots[2][fuzz::kRounds] = {{ballot(0, false), ballot(1, false)},
                                          {ballot(0, true), ballot(1, true)}};

}  // namespace
}  // namespace psephos::coordinator

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace psephos;
  using namespace psephos::coordinator;
  if (size == 0) return 0;
  const bool remembers = (data[0] & 32) != 0;
  const Frame* ballots = kBallots[remembers ? 1 : 0];
  Run run(remembers);
  const unsigned how_far = data[0] % (fuzz::kRounds + 1);
  const char* peer = (data[0] & 128) != 0 ? "stranger" : "member";
  run.hear("member", kJoin);
  for (unsigned round = 0; round < how_far; ++round) run.hear("member", ballots[round]);
  run.read_what_is_sent();
  const Frame frame = fuzz::frame_of({data + 1, size - 1});
  (void)wire::refused_frame(*frame);
  run.hear(peer, frame);
  if ((data[0] & 64) == 0) return 0;
  if (how_far < fuzz::kRounds) run.hear("member", ballots[how_far]);
  run.pass(std::chrono::seconds(60));  // the deadline, and silence
  return 0;
}
