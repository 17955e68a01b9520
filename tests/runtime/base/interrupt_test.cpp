#include "runtime/base/interrupt.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace psephos {
namespace {

// Handlers are the process': other tests keep theirs.
class Interrupt : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) sigaction(kSignals[i], nullptr, &before_[i]);
    catch_interrupts(kEndlessPatience);
  }
  void TearDown() override {
    for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }

 private:
  static constexpr int kEndlessPatience = 1'000'000;
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGPIPE};
  struct sigaction before_[3];
};

TEST_F(Interrupt, CountsBothSignalsAndRemembersTheLast) {
  const int before = interrupts();
  std::raise(SIGINT);
  EXPECT_EQ(interrupts(), before + 1);
  EXPECT_EQ(interrupted_exit_status(), 128 + SIGINT);
  std::raise(SIGTERM);
  EXPECT_EQ(interrupts(), before + 2);
  EXPECT_EQ(interrupted_exit_status(), 128 + SIGTERM);
  std::raise(SIGINT);
  EXPECT_EQ(interrupts(), before + 3);
  EXPECT_EQ(interrupted_exit_status(), 128 + SIGINT);
}

TEST_F(Interrupt, AWaitingSystemCallReturns) {
  const pthread_t waiting = pthread_self();
  std::atomic<bool> returned{false};
  std::thread other([&] {
    // Repeated, because the first may come before the wait begins.
    while (!returned) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (!returned) pthread_kill(waiting, SIGINT);
    }
  });
  const int result = poll(nullptr, 0, 10'000);
  const int error = errno;
  returned = true;
  other.join();
  EXPECT_EQ(result, -1);
  EXPECT_EQ(error, EINTR);
}

TEST_F(Interrupt, APipeWithoutAReaderIsAnErrorNotTheEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

using InterruptDeathTest = Interrupt;

TEST_F(InterruptDeathTest, TheLastResortEndsTheProcessAtOnce) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";  // a fresh process
  const auto insist = [](int times) {
    catch_interrupts(3);
    for (int i = 0; i < times; ++i) std::raise(i % 2 == 0 ? SIGTERM : SIGINT);
    std::exit(7);
  };
  EXPECT_EXIT(insist(2), ::testing::ExitedWithCode(7), "") << "two are still asked about";
  EXPECT_EXIT(insist(3), ::testing::ExitedWithCode(128 + SIGTERM), "");
}

TEST_F(InterruptDeathTest, AProcessThatNobodyInterruptedHasNothingToReport) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";  // a fresh process
  EXPECT_EXIT(std::exit(interrupts() == 0 && interrupted_exit_status() == 0 ? 0 : 1),
              ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace psephos
