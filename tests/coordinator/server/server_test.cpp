// A real coordinator on loopback, and clients made by hand.

#include "coordinator/server/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "coordinator/core/setup.h"
#include "runtime/data/synthetic.h"
#include "runtime/replica/initial_parameters.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/wire/limits.h"
#include "tests/coordinator/core/outlet.h"
#include "tests/runtime/net/peers.h"

namespace psephos::coordinator::server_test {
namespace {

using namespace testing;
using net::testing::next_frame;
using net::testing::RawDealer;
using net::testing::RawTcp;
using net::testing::send_eventually;

constexpr std::uint64_t kRun = 3;
constexpr std::uint64_t kSession = 4;

// A run of softmax regression on a free port, led by a thread of its own.
class Led {
 public:
  explicit Led(std::uint32_t rounds, std::uint32_t min_voters = 2) {
    const auto dataset = std::make_shared<const Dataset>(make_synthetic(20, 30));
    CoordinatorOptions options;
    options.config.hyper.model = "softmax";
    options.config.hyper.rounds = rounds;
    options.config.hyper.heartbeat_ms = 5000;  // no voter of these tests says it is there
    options.config.min_voters = min_voters;
    options.config.eval_every = 2;
    options.run = kRun;
    options.session = kSession;
    auto prepared = prepare_run(options.config, dataset);
    EXPECT_TRUE(prepared.ok());
    tensors = options.tensors = prepared->tensors;
    auto socket = net::RouterSocket::bind(
        context, "tcp://127.0.0.1:0", wire::coordinator_max_frame(parameter_count(tensors)), 500);
    EXPECT_TRUE(socket.ok());
    endpoint = socket->endpoint();
    OutputOptions quiet;
    quiet.quiet = true;
    reporter.emplace(quiet, rounds);
    server.emplace(std::move(*socket), std::move(options), std::make_unique<MemoryLedger>(),
                   std::move(prepared->held_out), *reporter);
    thread = std::thread([this] { server->run([this] { return stops.load(); }); });
  }
  ~Led() {
    stops += 2;
    if (thread.joinable()) thread.join();
  }
  // Blocks until the run has ended; then the coordinator may be looked at.
  const Coordinator& ended() {
    thread.join();
    return server->coordinator();
  }

  net::Context context;
  TensorTable tensors;
  std::string endpoint;
  std::optional<Reporter> reporter;
  std::optional<Server> server;
  std::atomic<int> stops = 0;
  std::thread thread;
};

class Voter {
 public:
  Voter(Led& led, std::string name)
      : name_(std::move(name)),
        x_(parameter_count(led.tensors)),
        socket_(std::move(*net::DealerSocket::connect(
            led.context, led.endpoint, wire::client_max_frame(parameter_count(led.tensors)),
            500))) {
    fill_initial_parameters(led.tensors, 1, x_.mutable_parameters());
    say(join_frame(name_));
    EXPECT_EQ(hear<wire::Welcome>().session, kSession);
  }

  void vote(std::uint32_t round) {
    const std::uint32_t seed = round * 100 + static_cast<std::uint32_t>(name_.size());
    say(vote_frame(kSession, kRun, round, psephos::testing::random_text(x_.size(), 10, seed)));
  }
  void apply_decision(std::uint32_t round) {
    const auto decision = hear<wire::Decision>();
    ASSERT_EQ(decision.round, round);
    auto signs =
        decode_decision(decision.encoding, decision.planes, x_.size(), last_ ? &*last_ : nullptr);
    ASSERT_TRUE(signs.ok());
    x_.apply(*signs, decision.delta, decision.keep);
    last_ = *std::move(signs);
    ASSERT_EQ(x_.fingerprint(), decision.fingerprint);
  }
  void say(const Frame& frame) { ASSERT_TRUE(send_eventually(socket_, frame)); }
  void leave() {
    say(wire::build(wire::Leave{.session = kSession, .reason = wire::LeaveReason::kFinished}));
  }
  // The next message, which has to be a T.
  template <class T>
  T hear() {
    const auto frame = next_frame(socket_);
    EXPECT_TRUE(frame);
    if (!frame) return {};
    heard_ = *frame;
    const auto message = wire::read_coordinator_frame(*heard_, x_.size());
    EXPECT_TRUE(message.ok() && std::holds_alternative<T>(*message));
    return message.ok() && std::holds_alternative<T>(*message) ? std::get<T>(*message) : T{};
  }
  std::uint64_t fingerprint() const { return x_.fingerprint(); }

 private:
  std::string name_;
  Replica x_;
  std::optional<PackedSigns> last_;  // decision
  net::DealerSocket socket_;
  Frame heard_;  // owns what the last message points to
};

TEST(Server, LeadsARunOverLoopbackFromAFreePort) {
  Led led(5);
  EXPECT_EQ(led.endpoint.rfind("tcp://127.0.0.1:", 0), 0u);
  EXPECT_NE(led.endpoint, "tcp://127.0.0.1:0");
  Voter ann(led, "ann");
  Voter bennett(led, "bennett");
  for (std::uint32_t round = 0; round < 5; ++round) {
    ann.vote(round);
    bennett.vote(round);
    ann.apply_decision(round);
    bennett.apply_decision(round);
  }
  const auto finished = ann.hear<wire::Finished>();
  EXPECT_EQ(finished.rounds, 5u);
  EXPECT_EQ(finished.fingerprint, ann.fingerprint());
  bennett.hear<wire::Finished>();
  ann.leave();
  bennett.leave();
  const Coordinator& coordinator = led.ended();
  const Summary summary = coordinator.summary();
  EXPECT_EQ(summary.stopped_because, "finished");
  EXPECT_EQ(summary.fingerprint, ann.fingerprint());
  EXPECT_EQ(summary.ballots_counted, 10u);
  EXPECT_EQ(summary.clients, 2u);
}

TEST(Server, SurvivesStrangersAndServesGoodClientsAfterwards) {
  Led led(2, 1);
  RawDealer stranger(led.endpoint);
  const std::string noise(3000, '\x9d');
  stranger.send({noise.substr(0, 1)});
  stranger.send({"", noise});
  stranger.send({""});
  RawTcp tcp(led.endpoint);
  tcp.send(std::vector<std::uint8_t>(200, 0xFF));
  for (std::size_t size = 0; size < 300; ++size) stranger.send({noise.substr(0, size)});
  Voter ann(led, "ann");
  for (std::uint32_t round = 0; round < 2; ++round) {
    ann.vote(round);
    ann.apply_decision(round);
  }
  ann.hear<wire::Finished>();
  ann.leave();
  EXPECT_EQ(led.ended().summary().rounds, 2u);
}

TEST(Server, RefusesPlanesThatCannotBeReadAndCountsTheNext) {
  Led led(1, 1);
  Voter ann(led, "ann");
  const std::size_t d = parameter_count(led.tensors);
  EncodedSigns votes = encode(psephos::testing::signs_of(psephos::testing::random_text(d, 10, 1)));
  ASSERT_EQ(votes.encoding, Encoding::kTernary);
  votes.planes.pop_back();
  wire::Ballot ballot;
  ballot.session = kSession;
  ballot.run = kRun;
  ballot.encoding = votes.encoding;
  ballot.planes = votes.planes;
  ann.say(wire::build(ballot));
  EXPECT_EQ(ann.hear<wire::Refusal>().code,
            static_cast<std::uint8_t>(wire::RefusalCode::kMalformed));
  ann.vote(0);
  ann.apply_decision(0);
  ann.hear<wire::Finished>();
  ann.leave();
  EXPECT_EQ(led.ended().session().traffic().malformed, 1u);
}

TEST(Server, RefusesWhoHasNotJoined) {
  Led led(2, 1);
  Voter ann(led, "ann");
  const std::size_t d = parameter_count(led.tensors);
  auto socket =
      net::DealerSocket::connect(led.context, led.endpoint, wire::client_max_frame(d), 500);
  ASSERT_TRUE(socket.ok());
  const Frame early = vote_frame(kSession, kRun, 0, std::string(d, '+'));
  ASSERT_TRUE(send_eventually(*socket, early));
  const auto frame = next_frame(*socket);
  ASSERT_TRUE(frame);
  const auto message = wire::read_coordinator_frame(**frame, d);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(std::get<wire::Refusal>(*message).code,
            static_cast<std::uint8_t>(wire::RefusalCode::kRejoin));
}

TEST(Server, InterruptEndsTheRunAndClientsAreTold) {
  Led led(1000, 1);
  Voter ann(led, "ann");
  ann.vote(0);
  ann.apply_decision(0);
  led.stops = 1;
  const auto finished = ann.hear<wire::Finished>();
  EXPECT_EQ(finished.rounds, 1u);
  EXPECT_EQ(finished.fingerprint, ann.fingerprint());
  ann.leave();
  EXPECT_EQ(led.ended().ended_because(), "interrupted");
}

}  // namespace
}  // namespace psephos::coordinator::server_test
