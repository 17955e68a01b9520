#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "runtime/net/sockets.h"
#include "tests/runtime/net/peers.h"

namespace psephos::net {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

class Wait : public ::testing::Test {
 protected:
  Context context_;
  RouterSocket router_ =
      *RouterSocket::bind(context_, "tcp://127.0.0.1:0", kFrameLimit, kHeartbeatMs);
};

TEST_F(Wait, EndsAtTheTimeout) {
  const auto start = Clock::now();
  wait(router_, nullptr, milliseconds{30});
  EXPECT_GE(Clock::now() - start, milliseconds{25});
  wait(router_, nullptr, milliseconds{-5});
  EXPECT_LT(Clock::now() - start, kPatience);
}

TEST_F(Wait, EndsWhenAnotherThreadWakes) {
  Waker waker;
  const auto start = Clock::now();
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds{20});
    waker.wake();
  });
  wait(router_, &waker, 2 * kPatience);
  other.join();
  EXPECT_LT(Clock::now() - start, kPatience);
}

TEST_F(Wait, AWakeBeforeTheWaitIsNotLostAndOneDrainTakesAll) {
  Waker waker;
  for (int i = 0; i < 100'000; ++i) waker.wake();  // more than a pipe holds
  const auto start = Clock::now();
  wait(router_, &waker, 2 * kPatience);
  EXPECT_LT(Clock::now() - start, kPatience);
  waker.drain();
  waker.drain();
  const auto drained = Clock::now();
  wait(router_, &waker, milliseconds{30});
  EXPECT_GE(Clock::now() - drained, milliseconds{25});
}

// With a frame to send and nobody to send it to, a client must not turn in a circle for days.
TEST_F(Wait, ForAChanceToSendLastsUntilTheConnectionStands) {
  DealerSocket dealer =
      *DealerSocket::connect(context_, router_.endpoint(), kFrameLimit, kHeartbeatMs);
  const auto start = Clock::now();
  wait(dealer, nullptr, 2 * kPatience, true);
  EXPECT_LT(Clock::now() - start, kPatience);
  EXPECT_TRUE(dealer.send(frame_of(8, 1)));

  const ClosedPort nobody;
  DealerSocket lost =
      *DealerSocket::connect(context_, nobody.endpoint(), kFrameLimit, kHeartbeatMs);
  const auto in_vain = Clock::now();
  wait(lost, nullptr, milliseconds{60}, true);
  EXPECT_GE(Clock::now() - in_vain, milliseconds{50});
  EXPECT_FALSE(lost.send(frame_of(8, 1)));
}

TEST_F(Wait, WithoutASocketEndsAtTheTimeoutOrWhenWoken) {
  Waker waker;
  const auto start = Clock::now();
  wait(waker, milliseconds{30});
  EXPECT_GE(Clock::now() - start, milliseconds{25});
  waker.wake();
  wait(waker, 2 * kPatience);
  EXPECT_LT(Clock::now() - start, kPatience);
}

TEST_F(Wait, EndsWhenAFrameArrives) {
  DealerSocket dealer =
      *DealerSocket::connect(context_, router_.endpoint(), kFrameLimit, kHeartbeatMs);
  Waker waker;
  ASSERT_TRUE(send_eventually(dealer, frame_of(8, 1)));
  const auto start = Clock::now();
  std::optional<Incoming> incoming;
  while (!incoming && Clock::now() - start < kPatience) {
    wait(router_, &waker, 2 * kPatience);
    incoming = router_.receive();
  }
  ASSERT_TRUE(incoming);
  router_.send(incoming->peer, frame_of(8, 2));
  wait(dealer, &waker, 2 * kPatience);
  EXPECT_TRUE(next_frame(dealer));
  EXPECT_LT(Clock::now() - start, kPatience);
}

TEST_F(Wait, EndsWhenASignalArrives) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};  // no SA_RESTART: the poll is interrupted
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  const pthread_t self = pthread_self();
  const auto start = Clock::now();
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (!done) {
      std::this_thread::sleep_for(milliseconds{20});
      pthread_kill(self, SIGUSR1);
    }
  });
  wait(router_, nullptr, 2 * kPatience);
  EXPECT_LT(Clock::now() - start, kPatience);
  // Signals rain on sends and receives as well, and none of them fails.
  DealerSocket dealer =
      *DealerSocket::connect(context_, router_.endpoint(), kFrameLimit, kHeartbeatMs);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(send_eventually(dealer, frame_of(8, 1)));
    EXPECT_TRUE(next_incoming(router_));
  }
  done = true;
  other.join();
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace psephos::net
