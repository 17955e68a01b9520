// Encrypted sockets: who gets through, and what a wrong key is told.

#include <gtest/gtest.h>

#include "runtime/net/doorman.h"
#include "tests/runtime/net/peers.h"

namespace psephos::net {
namespace {

using namespace testing;

class Curve : public ::testing::Test {
 protected:
  RouterSocket bind() {
    return *RouterSocket::bind(context_, "tcp://127.0.0.1:0", kFrameLimit, kHeartbeatMs,
                               ServerCurve{server_.secret_key});
  }
  DealerSocket connect(const RouterSocket& router, const std::optional<ClientCurve>& curve) {
    return *DealerSocket::connect(context_, router.endpoint(), kFrameLimit, kHeartbeatMs, curve);
  }

  Context context_;
  CurveKeys server_ = *make_curve_keys();
  CurveKeys client_ = *make_curve_keys();
  Doorman doorman_{context_, {AllowList::of({client_.public_key}), {}}, [](const std::string&) {}};
};

TEST_F(Curve, EveryPairIsNew) {
  EXPECT_EQ(server_.public_key.size(), 40u);
  EXPECT_EQ(server_.secret_key.size(), 40u);
  EXPECT_NE(server_.public_key, client_.public_key);
  EXPECT_NE(server_.secret_key, client_.secret_key);
}

TEST_F(Curve, CarriesFramesBothWays) {
  RouterSocket router = bind();
  DealerSocket dealer = connect(router, ClientCurve{client_, server_.public_key});
  ASSERT_TRUE(send_eventually(dealer, frame_of(kFrameLimit, 7)));
  const auto incoming = next_incoming(router);
  ASSERT_TRUE(incoming);
  EXPECT_EQ(*incoming->frame, *frame_of(kFrameLimit, 7));
  router.send(incoming->peer, frame_of(200, 9));
  const auto answer = next_frame(dealer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(**answer, *frame_of(200, 9));
}

TEST_F(Curve, PlainSpeechAndAnotherServersKeyGetNothingThrough) {
  RouterSocket router = bind();
  DealerSocket plain = connect(router, std::nullopt);
  DealerSocket misled = connect(router, ClientCurve{client_, client_.public_key});
  plain.send(frame_of(10, 1));
  misled.send(frame_of(10, 2));
  // Somebody with the right key is served meanwhile.
  DealerSocket dealer = connect(router, ClientCurve{client_, server_.public_key});
  ASSERT_TRUE(send_eventually(dealer, frame_of(10, 3)));
  const auto incoming = next_incoming(router);
  ASSERT_TRUE(incoming);
  EXPECT_EQ(*incoming->frame, *frame_of(10, 3));
  wait(router, nullptr, kQuiet);
  EXPECT_FALSE(router.receive());
}

TEST_F(Curve, APairIsKnownByItsSecretHalf) {
  const auto pair = curve_pair_of(client_.secret_key);
  ASSERT_TRUE(pair) << pair.error().text;
  EXPECT_EQ(pair->public_key, client_.public_key);
  EXPECT_FALSE(curve_pair_of("no key"));
}

TEST_F(Curve, NoKeyLooksLikeAComment) {
  for (int i = 0; i < 300; ++i) {
    const CurveKeys keys = *make_curve_keys();
    ASSERT_NE(keys.public_key.front(), '#');
    ASSERT_NE(keys.secret_key.front(), '#');
  }
}

TEST_F(Curve, WhatIsNoKeyIsNamed) {
  const std::string nothing(40, ' ');
  const auto server = RouterSocket::bind(context_, "tcp://127.0.0.1:0", kFrameLimit, kHeartbeatMs,
                                         ServerCurve{nothing});
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().text, "the server's secret key is not 40 characters of Z85 text");
  const auto client =
      DealerSocket::connect(context_, "tcp://127.0.0.1:9", kFrameLimit, kHeartbeatMs,
                            ClientCurve{client_, server_.public_key.substr(1)});
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().text, "the server's public key is not 40 characters of Z85 text");
}

}  // namespace
}  // namespace psephos::net
