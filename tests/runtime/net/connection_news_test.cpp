// Why a connection could not be made. (Keys that are not listed: doorman_test.cpp.)

#include <gtest/gtest.h>

#include "runtime/net/doorman.h"
#include "tests/runtime/net/peers.h"

namespace psephos::net {
namespace {

using namespace testing;

class News : public ::testing::Test {
 protected:
  std::optional<ConnectionNews> of(const std::string& endpoint,
                                   const std::optional<ClientCurve>& curve) {
    DealerSocket dealer =
        *DealerSocket::connect(context_, endpoint, kFrameLimit, kHeartbeatMs, curve, true);
    return eventually(dealer, [&] { return dealer.news(); });
  }

  Context context_;
  CurveKeys server_ = *make_curve_keys();
  CurveKeys client_ = *make_curve_keys();
  ClientCurve right_{client_, server_.public_key};
  Doorman doorman_{context_, {AllowList::of({client_.public_key}), {}}, [](const std::string&) {}};
  RouterSocket encrypted_ =
      *RouterSocket::bind(context_, "tcp://127.0.0.1:0", kFrameLimit, kHeartbeatMs,
                          ServerCurve{server_.secret_key}, &doorman_);
  RouterSocket plain_ =
      *RouterSocket::bind(context_, "tcp://127.0.0.1:0", kFrameLimit, kHeartbeatMs);
};

TEST_F(News, OfAConnectionThatStands) {
  EXPECT_EQ(of(encrypted_.endpoint(), right_), ConnectionNews::kReady);
  EXPECT_EQ(of(plain_.endpoint(), std::nullopt), ConnectionNews::kReady);
}

TEST_F(News, OfAServerThatIsDown) {
  const ClosedPort closed;
  EXPECT_EQ(of(closed.endpoint(), right_), ConnectionNews::kNobodyThere);
  EXPECT_EQ(of(closed.endpoint(), std::nullopt), ConnectionNews::kNobodyThere);
}

TEST_F(News, OfAServerWithAnotherKey) {
  EXPECT_EQ(of(encrypted_.endpoint(), ClientCurve{client_, make_curve_keys()->public_key}),
            ConnectionNews::kHungUp);
}

// Stopped, overloaded, or a proxy without a server: not taken for one with another key.
TEST_F(News, OfAServerThatTakesConnectionsAndSaysNothing) {
  const MutePort mute;
  DealerSocket keyed =
      *DealerSocket::connect(context_, mute.endpoint(), kFrameLimit, kHeartbeatMs, right_, true);
  DealerSocket plain = *DealerSocket::connect(context_, mute.endpoint(), kFrameLimit, kHeartbeatMs,
                                              std::nullopt, true);
  std::optional<ConnectionNews> of_keyed;
  std::optional<ConnectionNews> of_plain;
  const auto both_known = [&] {
    if (!of_keyed) of_keyed = keyed.news();
    if (!of_plain) of_plain = plain.news();
    return of_keyed && of_plain;
  };
  EXPECT_TRUE(eventually(keyed, both_known, kHandshakeLimit + kPatience));
  EXPECT_EQ(of_keyed, ConnectionNews::kUnanswered);
  EXPECT_EQ(of_plain, ConnectionNews::kUnanswered);
}

TEST_F(News, OfOneSideWithoutKeys) {
  EXPECT_EQ(of(encrypted_.endpoint(), std::nullopt), ConnectionNews::kOtherMechanism);
  EXPECT_EQ(of(plain_.endpoint(), right_), ConnectionNews::kOtherMechanism);
}

TEST_F(News, ThereIsNoneOfWhatNobodyWatches) {
  DealerSocket dealer =
      *DealerSocket::connect(context_, encrypted_.endpoint(), kFrameLimit, kHeartbeatMs, right_);
  ASSERT_TRUE(send_eventually(dealer, frame_of(8, 1)));
  EXPECT_FALSE(dealer.news());
}

// In the READY of the NULL mechanism, before its frame.
TEST_F(News, AUserIdThatAPlainPeerClaimsIsNoKey) {
  RawTcp liar(plain_.endpoint());
  ASSERT_TRUE(liar.greet("NULL"));
  std::string ready(
      "\x05READY\x0b"
      "Socket-Type\0\0\0\x06"
      "DEALER\x07"
      "User-Id\0\0\0\x28",
      40);
  ready += client_.public_key;
  liar.send('\x04' + std::string(1, static_cast<char>(ready.size())) + ready);
  liar.send(std::string("\x00\x03yes", 5));
  const auto incoming = next_incoming(plain_);
  ASSERT_TRUE(incoming);
  EXPECT_EQ(std::string(incoming->frame->begin(), incoming->frame->end()), "yes");
  EXPECT_EQ(incoming->key, "");
}

}  // namespace
}  // namespace psephos::net
