#pragma once
// A coordinator in miniature behind a real ROUTER: one voter is enough for it, and that voter's
// ballot is the decision. Speaks from the thread of the test.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/net/sockets.h"
#include "runtime/replica/initial_parameters.h"
#include "runtime/replica/replica.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
#include "tests/client/work/quadratic.h"

namespace psephos::client::testing {

using std::chrono::milliseconds;

inline constexpr std::uint32_t kParameters = 70;
inline constexpr std::uint32_t kSamples = 40;
inline constexpr milliseconds kPatience{20'000};  // of a test on a busy machine
inline constexpr float kDelta = 0.0625f;

class HandMadeCoordinator {
 public:
  HandMadeCoordinator(net::Context& context, const std::string& endpoint, std::uint32_t rounds,
                      std::uint32_t heartbeat_ms)
      : x_(kParameters), router_(bind(context, endpoint)) {
    welcome_.run = 0xA11;
    welcome_.session = 1;
    welcome_.tensors = quadratic_tensors(kParameters);
    welcome_.hyper.rounds = rounds;
    welcome_.hyper.heartbeat_ms = heartbeat_ms;
    welcome_.terms.batch = 4;
    fill_initial_parameters(welcome_.tensors, welcome_.hyper.seed, x_.mutable_parameters());
  }

  // Serves until `done` or for at most kPatience; says whether it was done.
  bool serve_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done() && std::chrono::steady_clock::now() < end) {
      net::wait(*router_, nullptr, milliseconds(5));
      while (auto incoming = router_->receive()) answer(*incoming);
    }
    return done();
  }

  // Gone, and back at the same address with everything it knew but the session.
  void restart(net::Context& context) {
    const std::string endpoint = router_->endpoint();
    router_->close(milliseconds(0));
    router_ = bind(context, endpoint);
    ++welcome_.session;
  }

  const std::string& endpoint() const { return router_->endpoint(); }
  const Replica& x() const { return x_; }
  std::uint32_t round() const { return static_cast<std::uint32_t>(decisions_.size()); }

  int joins = 0;
  int heartbeats = 0;
  int ballots = 0;
  std::optional<wire::LeaveReason> left;

 private:
  struct Decided {
    EncodedSigns votes;
    std::uint64_t fingerprint = 0;
  };

  // The address may be ours still for a moment after it was closed.
  static std::optional<net::RouterSocket> bind(net::Context& context, const std::string& endpoint) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (true) {
      auto router = net::RouterSocket::bind(context, endpoint,
                                            wire::coordinator_max_frame(kParameters), 1000);
      if (router) return std::move(*router);
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << router.error().text;
        return std::nullopt;
      }
      std::this_thread::sleep_for(milliseconds(5));
    }
  }

  void answer(const net::Incoming& incoming) {
    const auto message = wire::read_client_frame(*incoming.frame, kParameters);
    ASSERT_TRUE(message) << message.error().text;
    const auto send = [&](const wire::CoordinatorMessage& reply) {
      router_->send(incoming.peer, wire::build(reply));
    };
    if (std::holds_alternative<wire::Join>(*message)) {
      ++joins;
      welcome_.round = round();
      welcome_.vote = round() < welcome_.hyper.rounds;
      welcome_.fingerprint = x_.fingerprint();
      send(welcome_);
    } else if (const auto* ballot = std::get_if<wire::Ballot>(&*message)) {
      if (ballot->session != welcome_.session || ballot->round != round()) return;
      ++ballots;
      decide(*ballot);
      send(decision_of(ballot->round));
    } else if (const auto* request = std::get_if<wire::CatchUp>(&*message)) {
      wire::Past past;
      past.session = welcome_.session;
      past.have_round = request->have_round;
      for (std::uint32_t k = request->have_round; k < round(); ++k) {
        past.decisions.push_back(decision_of(k));
      }
      if (!past.decisions.empty()) send(past);
    } else if (std::holds_alternative<wire::Heartbeat>(*message)) {
      ++heartbeats;
      send(wire::Heartbeat{welcome_.session, round()});
    } else if (const auto* leave = std::get_if<wire::Leave>(&*message)) {
      left = leave->reason;
    }
  }

  void decide(const wire::Ballot& ballot) {
    const auto signs = decode(ballot.encoding, ballot.planes, kParameters);
    ASSERT_TRUE(signs) << signs.error().text;
    x_.apply(*signs, kDelta, 1);
    decisions_.push_back({encode(*signs), x_.fingerprint()});
  }

  wire::Decision decision_of(std::uint32_t k) const {
    wire::Decision decision;
    decision.session = welcome_.session;
    decision.run = welcome_.run;
    decision.round = k;
    decision.delta = kDelta;
    decision.encoding = decisions_[k].votes.encoding;
    decision.planes = decisions_[k].votes.planes;
    decision.voters = 1;
    decision.fingerprint = decisions_[k].fingerprint;
    decision.next = welcome_.terms;
    decision.vote = k + 1 < welcome_.hyper.rounds;
    return decision;
  }

  wire::Welcome welcome_;
  Replica x_;
  std::vector<Decided> decisions_;
  std::optional<net::RouterSocket> router_;
};

}  // namespace psephos::client::testing
