// Who gets in through an encrypted socket, who is kept out, and what is said of it.

#include "runtime/net/doorman.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>

#include "tests/runtime/formats/temporary_folder.h"
#include "tests/runtime/net/peers.h"

namespace psephos::net {
namespace {

using namespace testing;

constexpr milliseconds kOften{10};

class DoormanTest : public ::testing::Test {
 protected:
  DoormanTest() { write({a_, b_}); }

  void write(const std::vector<CurveKeys>& keys) {
    std::string text = "# the list\n";
    for (const CurveKeys& pair : keys) text += pair.public_key + "\n";
    write_text(text);
  }
  void write_text(const std::string& text) {
    const auto temporary = folder_.path() / "new";
    std::ofstream(temporary) << text;
    std::filesystem::rename(temporary, list_);
  }
  void open(std::uint32_t handshakes_per_second = 1000) {
    AllowFile file(list_);
    DoorRules rules;
    rules.list = *file.read();
    rules.file = std::move(file);
    rules.handshakes_per_second = handshakes_per_second;
    rules.look_every = kOften;
    doorman_.emplace(context_, std::move(rules), [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      said_ += line + "\n";
    });
    router_.emplace(*RouterSocket::bind(context_, "tcp://127.0.0.1:0", kFrameLimit, kHeartbeatMs,
                                        ServerCurve{server_.secret_key}, &*doorman_));
  }
  DealerSocket connect(const CurveKeys& keys) {
    return *DealerSocket::connect(context_, router_->endpoint(), kFrameLimit, kHeartbeatMs,
                                  ClientCurve{keys, server_.public_key}, true);
  }
  // The news of the connection that is final.
  std::optional<ConnectionNews> outcome(DealerSocket& dealer) {
    return eventually(dealer, [&] { return dealer.news(); });
  }
  bool true_soon(const std::function<bool()>& condition) {
    return eventually(*router_, [&] { return condition(); });
  }
  std::string said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

  Context context_;
  CurveKeys server_ = *make_curve_keys();
  CurveKeys a_ = *make_curve_keys();
  CurveKeys b_ = *make_curve_keys();
  CurveKeys stranger_ = *make_curve_keys();
  TemporaryFolder folder_;
  std::filesystem::path list_ = folder_.path() / "clients.allow";
  std::mutex mutex_;
  std::string said_;
  std::optional<Doorman> doorman_;
  std::optional<RouterSocket> router_;
};

TEST_F(DoormanTest, EveryFrameOfAListedKeyComesWithThatKey) {
  open();
  EXPECT_TRUE(router_->encrypted());
  DealerSocket a = connect(a_);
  DealerSocket b = connect(b_);
  for (std::uint8_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(send_eventually(a, frame_of(8, i)));
    auto incoming = next_incoming(*router_);
    ASSERT_TRUE(incoming);
    EXPECT_EQ(incoming->key, a_.public_key);
    ASSERT_TRUE(send_eventually(b, frame_of(0, i)));  // an empty one has a sender, too
    incoming = next_incoming(*router_);
    ASSERT_TRUE(incoming);
    EXPECT_EQ(incoming->key, b_.public_key);
  }
  EXPECT_EQ(outcome(a), ConnectionNews::kReady);
  EXPECT_EQ(doorman_->counters().connections, 2u);
}

TEST_F(DoormanTest, AnUnknownKeyIsKeptOutToldSoAndNamedOnce) {
  open();
  for (int i = 0; i < 3; ++i) {
    DealerSocket dealer = connect(stranger_);
    EXPECT_EQ(outcome(dealer), ConnectionNews::kNotAllowed);
    EXPECT_FALSE(dealer.send(frame_of(8, 1)));
  }
  EXPECT_FALSE(router_->receive());
  EXPECT_EQ(doorman_->counters().keys_refused, 3u);
  const std::string line = "refused " + stranger_.public_key + " from 127.0.0.1";
  EXPECT_NE(said().find(line), std::string::npos) << said();
  EXPECT_EQ(said().find(line), said().rfind(line));
  DealerSocket good = connect(a_);
  EXPECT_EQ(outcome(good), ConnectionNews::kReady);
}

TEST_F(DoormanTest, WithoutOneAnEncryptedSocketLetsNobodyIn) {
  RouterSocket router = *RouterSocket::bind(context_, "tcp://127.0.0.1:0", kFrameLimit,
                                            kHeartbeatMs, ServerCurve{server_.secret_key});
  DealerSocket dealer =
      *DealerSocket::connect(context_, router.endpoint(), kFrameLimit, kHeartbeatMs,
                             ClientCurve{a_, server_.public_key}, true);
  EXPECT_EQ(outcome(dealer), ConnectionNews::kHungUp);
  EXPECT_FALSE(router.receive());
}

TEST_F(DoormanTest, ThereIsOneToAContext) {
  open();
  EXPECT_THROW(Doorman(context_, {}, [](const std::string&) {}), std::system_error);
}

TEST_F(DoormanTest, AChangedListLetsNewKeysInAndNamesThoseRevoked) {
  open();
  EXPECT_TRUE(doorman_->take_revoked().empty());
  write({b_, stranger_});
  ASSERT_TRUE(true_soon([&] { return doorman_->allows(stranger_.public_key); }));
  EXPECT_FALSE(doorman_->allows(a_.public_key));
  EXPECT_EQ(doorman_->take_revoked(), std::vector<std::string>{a_.public_key});
  EXPECT_TRUE(doorman_->take_revoked().empty());
  DealerSocket in = connect(stranger_);
  EXPECT_EQ(outcome(in), ConnectionNews::kReady);
  DealerSocket out = connect(a_);
  EXPECT_EQ(outcome(out), ConnectionNews::kNotAllowed);
}

TEST_F(DoormanTest, AKeyThatCameBackInTimeWasNeverRevoked) {
  open();
  write({b_});
  ASSERT_TRUE(true_soon([&] { return !doorman_->allows(a_.public_key); }));
  write({a_, b_});
  ASSERT_TRUE(true_soon([&] { return doorman_->allows(a_.public_key); }));
  EXPECT_TRUE(doorman_->take_revoked().empty());
}

TEST_F(DoormanTest, AMalformedListLeavesTheOldOneInForceAndSaysWhere) {
  open();
  write_text("# the list\nnonsense\n");
  ASSERT_TRUE(true_soon([&] { return said().find("stays in force") != std::string::npos; }));
  EXPECT_NE(said().find("clients.allow: line 2"), std::string::npos) << said();
  EXPECT_TRUE(doorman_->allows(a_.public_key));
  EXPECT_TRUE(doorman_->take_revoked().empty());
  DealerSocket dealer = connect(a_);
  EXPECT_EQ(outcome(dealer), ConnectionNews::kReady);
}

TEST_F(DoormanTest, MoreHandshakesThanAllowedArePutOffAndStrangersDoNotUseThemUp) {
  open(2);
  for (int i = 0; i < 6; ++i) {
    DealerSocket stranger = connect(stranger_);
    EXPECT_EQ(outcome(stranger), ConnectionNews::kNotAllowed);
  }
  std::vector<DealerSocket> dealers;
  for (int i = 0; i < 40; ++i) dealers.push_back(connect(a_));
  int in = 0;
  int put_off = 0;
  for (DealerSocket& dealer : dealers) {
    const auto news = outcome(dealer);
    in += news == ConnectionNews::kReady;
    put_off += news == ConnectionNews::kPutOff;
  }
  EXPECT_GE(in, 2);
  EXPECT_GE(put_off, 1);
  EXPECT_EQ(in + put_off, 40);
  const DoorCounters counters = doorman_->counters();
  EXPECT_GE(counters.handshakes_put_off, 1u);
  EXPECT_EQ(counters.handshakes_put_off + counters.keys_put_off,
            static_cast<std::uint64_t>(put_off));
  // Whoever comes back gets in.
  ASSERT_TRUE(true_soon([&] {
    DealerSocket again = connect(a_);
    return outcome(again) == ConnectionNews::kReady;
  }));
}

TEST_F(DoormanTest, OneListedKeyThatComesAgainAndAgainKeepsNobodyElseOut) {
  write_text("# the list\n" + a_.public_key + " kitchen\n" + b_.public_key + "\n");
  open(kDefaultHandshakesPerSecond);
  std::atomic<bool> over{false};
  std::thread flood([&] {
    while (!over) {
      std::vector<DealerSocket> dealers;
      for (int i = 0; i < 16; ++i) dealers.push_back(connect(a_));
      for (DealerSocket& dealer : dealers) (void)outcome(dealer);
    }
  });
  EXPECT_TRUE(true_soon([&] { return doorman_->counters().keys_put_off >= 50; }));
  for (int i = 0; i < 5; ++i) {
    DealerSocket good = connect(b_);
    EXPECT_EQ(outcome(good), ConnectionNews::kReady);
  }
  over = true;
  flood.join();
  EXPECT_EQ(doorman_->counters().handshakes_put_off, 0u);
  const std::string line = "listed as kitchen~" + a_.public_key.substr(0, 8) + " connects again";
  EXPECT_NE(said().find(line), std::string::npos) << said();
  EXPECT_EQ(said().find(line), said().rfind(line));
  // It gets in as often as a device may, and no more is asked of it than to come back.
  ASSERT_TRUE(true_soon([&] {
    DealerSocket again = connect(a_);
    return outcome(again) == ConnectionNews::kReady;
  }));
}

TEST_F(DoormanTest, AnEndlessRowOfStrangersIsSaidInABoundedNumberOfLines) {
  open();
  const int strangers = 3 * static_cast<int>(kKeyLineBurst);
  std::vector<CurveKeys> keys;
  for (int i = 0; i < strangers; ++i) keys.push_back(*make_curve_keys());
  std::vector<DealerSocket> dealers;
  for (const CurveKeys& pair : keys) dealers.push_back(connect(pair));
  for (DealerSocket& dealer : dealers) EXPECT_EQ(outcome(dealer), ConnectionNews::kNotAllowed);
  EXPECT_EQ(doorman_->counters().keys_refused, static_cast<std::uint64_t>(strangers));
  const auto lines = [&] {
    int count = 0;
    for (const CurveKeys& pair : keys) count += said().find(pair.public_key) != std::string::npos;
    return count;
  };
  EXPECT_GE(lines(), 20);
  EXPECT_LT(lines(), strangers);
  // One that was not said for want of room is said when it comes again and there is room.
  const auto unsaid = std::ranges::find_if(keys, [&](const CurveKeys& pair) {
    return said().find(pair.public_key) == std::string::npos;
  });
  ASSERT_NE(unsaid, keys.end());
  EXPECT_TRUE(true_soon([&] {
    DealerSocket again = connect(*unsaid);
    (void)outcome(again);
    return said().find(unsaid->public_key) != std::string::npos;
  }));
}

TEST_F(DoormanTest, AListThatIsCutShortRevokesNobody) {
  open();
  write_text("# the list\n" + b_.public_key);
  ASSERT_TRUE(true_soon([&] { return said().find("stays in force") != std::string::npos; }));
  EXPECT_NE(said().find("line 2: does not end with a line break"), std::string::npos) << said();
  EXPECT_TRUE(doorman_->allows(a_.public_key));
}

TEST_F(DoormanTest, ATornHandshakeIsCountedAndForgotten) {
  open();
  RawTcp silent(router_->endpoint());
  {
    RawTcp noise(router_->endpoint());
    noise.send(std::vector<std::uint8_t>(200, 0x7f));
    RawDealer plain(router_->endpoint());
    ASSERT_TRUE(true_soon([&] { return doorman_->counters().handshakes_failed >= 1; }));
  }
  DealerSocket good = connect(a_);
  EXPECT_EQ(outcome(good), ConnectionNews::kReady);
  EXPECT_GE(doorman_->counters().connections, 4u);
}

TEST_F(DoormanTest, ServesAllThoseWhoComeAtOnce) {
  open();
  std::atomic<int> in{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        DealerSocket dealer = connect(j % 2 == 0 ? a_ : b_);
        if (outcome(dealer) == ConnectionNews::kReady) ++in;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(in, 40);
}

}  // namespace
}  // namespace psephos::net
