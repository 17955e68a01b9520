// A frame from a coordinator that may be anybody, through everything a client does with it: verify,
// read, the session machine, and the arithmetic that it asks for.
//
// Input: one byte of how far the client had come, then the frame: as it is, and with the seals that
// it ought to have.

#include <algorithm>
#include <utility>
#include <variant>

#include "client/session/session.h"
#include "client/work/worker.h"
#include "runtime/base/check.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/replica/initial_parameters.h"
#include "tests/fuzz/mended_seals.h"
#include "tests/fuzz/scripted_run.h"

namespace psephos::client {
namespace {

// Nothing asks for more in one breath: a step starts a job, whose end may start the next.
constexpr int kMostJobs = 16;
constexpr PhiloxKey kKey{3, 4};
// A coordinator may ask for kMaxLocalSteps of kMaxBatch samples, which is hours of work; not here.
constexpr std::uint64_t kMostSamples = 10'000;

struct Swallower : StateKeeper {
  Status keep(const ClientState& state) override {
    PSEPHOS_CHECK(decode_state(encode_state(state)).ok(), "what is saved can be read");
    return Ok{};
  }
};

class Client {
 public:
  Client() : session_(options()), worker_(fuzz::towards_zero(), kKey) {
    worker_.keep_state_in(keeper_);
    step(Started{});
  }

  void hear(const Frame& frame) { step(FrameArrived{frame}); }

  void pass(Duration duration) {
    now_ += duration;
    step(Tick{});
  }

 private:
  static SessionOptions options() {
    SessionOptions options;
    options.name = "fuzzed";
    options.arithmetic = "fuzz";
    options.key = kKey;
    options.max_parameters = 1000;
    options.save_every.rounds = 1;
    return options;
  }

  void step(const Event& event) {
    take(session_.step(event, now_));
    for (int jobs = 0; job_; ++jobs) {
      PSEPHOS_CHECK(jobs < kMostJobs, "jobs come to an end");
      if (std::holds_alternative<ComputeBallot>(*job_) &&
          worker_.samples_per_ballot() > kMostSamples) {
        return;
      }
      JobDone done = worker_.perform(*std::exchange(job_, std::nullopt), scratch_);
      take(session_.step(JobEnded{std::move(done)}, now_));
    }
    check_round();
  }

  void take(Actions actions) {
    for (Action& action : actions) {
      if (auto* start = std::get_if<StartJob>(&action)) {
        PSEPHOS_CHECK(!job_, "one job at a time");
        job_ = std::move(start->job);
      } else if (const auto* sent = std::get_if<SendFrame>(&action)) {
        PSEPHOS_CHECK(wire::read_client_frame(*sent->frame, 1000).ok(), "a client sends sense");
      }
    }
  }

  // A round that is spoken of is held.
  void check_round() const {
    if (!session_.round()) return;
    PSEPHOS_CHECK(fingerprint(worker_.parameters()) == session_.fingerprint(),
                  "the replica is what the session says");
  }

  Swallower keeper_;
  Session session_;
  Worker worker_;
  Scratch scratch_;
  Instant now_{std::chrono::seconds(1)};
  std::optional<Job> job_;
};

Frame welcome(std::uint32_t round, std::uint64_t fingerprint) {
  wire::Welcome welcome;
  welcome.run = fuzz::kRun;
  welcome.session = fuzz::kSession;
  welcome.round = round;
  welcome.vote = true;
  welcome.tensors = fuzz::tensors();
  welcome.hyper = fuzz::hyperparameters();
  welcome.terms.batch = 1;
  welcome.fingerprint = fingerprint;
  return wire::build(wire::CoordinatorMessage{welcome});
}

std::uint64_t initial_fingerprint() {
  AlignedVector<float> x(parameter_count(fuzz::tensors()));
  fill_initial_parameters(fuzz::tensors(), fuzz::hyperparameters().seed, x);
  return fingerprint(x);
}

// How far a client had come: it has said Join; has voted in round 0; asks to catch up with the end;
// holds other parameters than the coordinator and asks for a checkpoint.
const Frame kWelcomes[] = {nullptr, welcome(0, initial_fingerprint()), welcome(2, 17),
                           welcome(0, 17)};

void play(unsigned how_far, const Frame& frame) {
  Client client;
  if (const Frame& welcome = kWelcomes[how_far]) client.hear(welcome);
  client.hear(frame);
  client.hear(frame);                    // twice is nothing new
  client.pass(std::chrono::seconds(5));  // silence
}

}  // namespace
}  // namespace psephos::client

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace psephos;
  if (size == 0) return 0;
  const unsigned how_far = data[0] % std::size(client::kWelcomes);
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  client::play(how_far, fuzz::frame_of(bytes));
  if (const Frame mended = fuzz::with_mended_seals(bytes)) client::play(how_far, mended);
  return 0;
}
