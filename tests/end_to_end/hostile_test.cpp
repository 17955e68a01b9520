// Hostile peers at the port of a run that speaks in secret. Whatever they do, good clients still
// vote: each test ends with rounds that two of them decided while it went on.

#include <atomic>
#include <csignal>
#include <thread>

#include "runtime/net/doorman.h"
#include "runtime/wire/message.h"
#include "tests/end_to_end/keyed.h"
#include "tests/runtime/net/peers.h"

namespace psephos::end_to_end {
namespace {

using net::testing::RawDealer;
using net::testing::RawTcp;
using std::chrono::milliseconds;

constexpr std::uint32_t kRounds = 30;  // that have to pass while a peer misbehaves
constexpr std::size_t kFrameLimit = 64 * 1024;

class Hostile : public Keyed {
 protected:
  Hostile() {
    allow({a_, b_, listed_});
    coordinator_.emplace(
        lead(words("--dataset synthetic --seed 3 --model softmax --rounds 100000000 --min-voters 2 "
                   "--deadline-ms 200 --heartbeat-ms 200 --eval-every 0") +
             entrance()));
    for (const char* name : {"a", "b"}) {
      good_.push_back(join(static_cast<int>(good_.size()) + 1, 2,
                           words("--dataset synthetic --seed 3") + credentials(name)));
    }
    wait_for_round(5);
  }

  // Both good clients go on deciding rounds, now.
  void expect_votes() const {
    EXPECT_TRUE(wait_for_round(progress().round + kRounds));
    EXPECT_EQ(progress().voters, 2u);
  }
  // Ends the run in order; what the port met.
  nlohmann::json end() {
    coordinator_->signal(SIGINT);
    EXPECT_EQ(coordinator_->wait(), 130) << coordinator_->err();
    const nlohmann::json met = summary();
    for (Process& client : good_) {
      EXPECT_EQ(client.wait(), 0) << client.err();
      EXPECT_EQ(fingerprint_in(client.out()), met.at("fingerprint"));
    }
    return met;
  }
  std::unique_ptr<RawTcp> knock() const { return std::make_unique<RawTcp>(endpoint()); }
  net::DealerSocket connect(net::Context& context, const net::CurveKeys& keys) const {
    return *net::DealerSocket::connect(context, endpoint(), kFrameLimit, 1000, curve_of(keys),
                                       true);
  }

  const net::CurveKeys a_ = make_keys("a");
  const net::CurveKeys b_ = make_keys("b");
  const net::CurveKeys listed_ = make_keys("listed");  // a listed client gone bad
  std::optional<Process> coordinator_;
  std::vector<Process> good_;
};

TEST_F(Hostile, ConnectionsThatNeverSayAnything) {
  std::vector<std::unique_ptr<RawTcp>> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(knock());
  expect_votes();
  // Not for ever: the descriptors come back.
  for (const auto& peer : silent) {
    ASSERT_TRUE(peer->hung_up_within(net::kHandshakeLimit + kPatience));
  }
  expect_votes();
  const nlohmann::json met = end();
  EXPECT_GE(met.at("net_connections"), 202);
  EXPECT_GE(met.at("net_handshakes_failed"), 200);
}

TEST_F(Hostile, AGreetingThatComesByteByByte) {
  std::vector<std::unique_ptr<RawTcp>> slow;
  for (int i = 0; i < 20; ++i) slow.push_back(knock());
  const std::string greeting("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0CURVE\0\0\0\0\0\0\0\0", 25);
  for (const char byte : greeting) {
    for (const auto& peer : slow) peer->send(std::string(1, byte));
    std::this_thread::sleep_for(milliseconds(20));
  }
  expect_votes();
  // The limit is on all of it, not on each byte: one that goes on dripping is cut off as well.
  RawTcp& dripping = *slow.front();
  constexpr int kDrops = 35;  // fewer than a greeting still lacks
  bool cut_off = false;
  for (int i = 0; i < kDrops && !cut_off; ++i) {
    dripping.send(std::string(1, '\0'));
    cut_off = dripping.hung_up_within(net::kHandshakeLimit / 25);
  }
  EXPECT_TRUE(cut_off || dripping.hung_up_within(kPatience));
  end();
}

TEST_F(Hostile, HalvesOfHandshakes) {
  std::vector<std::unique_ptr<RawTcp>> halves;
  for (int i = 0; i < 30; ++i) {
    halves.push_back(knock());
    const bool greeted = halves.back()->greet(i % 3 == 0 ? "NULL" : "CURVE");
    ASSERT_TRUE(greeted || i % 3 == 0);  // NULL may be hung up on
    // A HELLO of the right length that nobody can open, half of one, and none.
    const std::string hello = std::string("\x04\xc8\x05HELLO\x01", 9) + std::string(194, 'x');
    if (i % 3 == 1) halves.back()->send(hello);
    if (i % 3 == 2) halves.back()->send(hello.substr(0, 100));
  }
  expect_votes();
  const nlohmann::json met = end();
  EXPECT_GE(met.at("net_handshakes_failed"), 10);
}

TEST_F(Hostile, FramesBeyondEveryBound) {
  RawDealer huge(endpoint(), curve_of(listed_));
  huge.send({std::string(10'000'000, 'x')});
  EXPECT_TRUE(huge.turned_away_within(kPatience));
  {
    RawDealer several(endpoint(), curve_of(listed_));
    several.send({"several", "parts", "", "of a message"});
    several.send({std::string(300, 'x')});
    several.send({""});
    // The last answer says that all of it has been met.
    EXPECT_NE(several.receive(), "");
    EXPECT_NE(several.receive(), "");
  }
  RawDealer plain(endpoint());  // without keys: nothing of it gets in
  plain.send({"anybody there?"});
  EXPECT_TRUE(plain.turned_away_within(kPatience));
  EXPECT_FALSE(plain.receive_within(net::testing::kQuiet));
  expect_votes();
  const nlohmann::json met = end();
  // Of several parts, of no use, of no bytes; neither the huge one nor the plain one.
  EXPECT_EQ(met.at("net_frames_malformed"), 3);
  EXPECT_GE(met.at("net_handshakes_failed"), 1);
}

TEST_F(Hostile, AFloodOfKeysThatNobodyListed) {
  std::atomic<bool> over{false};
  std::atomic<int> refused{0};
  std::thread flood([&] {
    net::Context context;
    while (!over) {
      net::DealerSocket stranger = connect(context, *net::make_curve_keys());
      const auto news = net::testing::eventually(stranger, [&] { return stranger.news(); });
      if (news == net::ConnectionNews::kNotAllowed) ++refused;
    }
  });
  EXPECT_TRUE(wait_for_round(progress().round + 10 * kRounds));
  expect_votes();
  // Whoever is listed gets in while it goes on.
  Process late = start_client(words("--dataset synthetic --name late --connect") +
                              Flags{endpoint()} + credentials("listed"));
  late.wait_for_err("joined run");
  over = true;
  flood.join();
  late.signal(SIGINT);
  EXPECT_EQ(late.wait(), 130);
  const nlohmann::json met = end();
  EXPECT_GE(refused, 1);
  EXPECT_EQ(met.at("net_keys_refused"), refused.load());
}

TEST_F(Hostile, AStormOfReconnectsByAListedClient) {
  wire::Join join;
  join.name = "storm";
  join.arithmetic = "none";
  const Frame frame = wire::build(join);
  net::Context context;
  int joined = 0;
  int put_off = 0;
  const auto come_again = [&](bool wait_for_answer) {
    net::DealerSocket dealer = connect(context, listed_);
    const auto news = net::testing::eventually(dealer, [&] { return dealer.news(); });
    if (news == net::ConnectionNews::kReady) {
      joined += net::testing::send_eventually(dealer, frame);
      if (wait_for_answer) (void)net::testing::next_frame(dealer);
    }
    put_off += news == net::ConnectionNews::kPutOff;
    dealer.close(milliseconds(0));
    return news == net::ConnectionNews::kReady;
  };
  for (int i = 0; i < 100; ++i) come_again(i % 2 == 0);
  EXPECT_EQ(joined + put_off, 100);
  EXPECT_GE(joined, static_cast<int>(net::kKeyHandshakeBurst));
  expect_votes();
  // A device that comes back after the storm gets in.
  const auto end_of_patience = std::chrono::steady_clock::now() + kPatience;
  while (!come_again(true) && std::chrono::steady_clock::now() < end_of_patience) {
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_LT(std::chrono::steady_clock::now(), end_of_patience);
  const nlohmann::json met = end();
  EXPECT_GE(met.at("net_connections"), 103);
  EXPECT_EQ(met.at("net_keys_put_off"), put_off);
  EXPECT_GE(met.at("net_takeover_alarms"), 1);
}

}  // namespace
}  // namespace psephos::end_to_end
