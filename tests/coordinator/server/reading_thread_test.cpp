#include "coordinator/server/reading_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <semaphore>
#include <thread>

#include "tests/runtime/signs/signs_of.h"

namespace psephos::coordinator::reading_thread_test {
namespace {

using psephos::testing::random_text;
using psephos::testing::signs_of;

constexpr std::size_t kParameters = 3000;

std::string text_of(std::uint64_t reading) {
  return random_text(kParameters, 30, static_cast<std::uint32_t>(reading));
}

ReadBallot task_of(std::uint64_t reading, const EncodedSigns& votes) {
  const auto frame = std::make_shared<const Bytes>(votes.planes);
  return {"client-" + std::to_string(reading), reading, votes.encoding, *frame, kParameters, frame};
}

ReadBallot ternary(std::uint64_t reading) {
  return task_of(reading, encode(signs_of(text_of(reading))));
}

ReadBallot binary(std::uint64_t reading) {
  return task_of(reading, encode(signs_of(std::string(kParameters, '-'))));
}

TEST(ReadingThread, ReadsInOrderAndSaysSo) {
  std::counting_semaphore<1000> woken(0);
  ReadingThread reader([&] { woken.release(); });
  for (std::uint64_t i = 1; i <= 20; ++i) reader.read(ternary(i));
  for (std::uint64_t i = 1; i <= 20; ++i) {
    woken.acquire();
    const auto read = reader.take();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->reading, i);
    EXPECT_EQ(read->identity, "client-" + std::to_string(i));
    ASSERT_TRUE(read->signs.ok());
    EXPECT_TRUE(std::ranges::equal(read->signs->view.signs, signs_of(text_of(i)).signs));
  }
  EXPECT_FALSE(reader.take());
}

TEST(ReadingThread, DecodesBesideTheThreadThatAsks) {
  std::promise<std::thread::id> woken;
  ReadingThread reader([&] { woken.set_value(std::this_thread::get_id()); });
  reader.read(ternary(1));
  EXPECT_NE(woken.get_future().get(), std::this_thread::get_id());
  EXPECT_TRUE(reader.take());
}

TEST(ReadingThread, HasBinaryBallotsAtOnce) {
  ReadingThread reader([] { ADD_FAILURE() << "nothing was left to another thread"; });
  reader.read(binary(1));
  const auto read = reader.take();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->reading, 1u);
  EXPECT_TRUE(read->signs.ok());
}

TEST(ReadingThread, SaysWhatIsWrongWithMalformedPlanes) {
  std::binary_semaphore woken(0);
  ReadingThread reader([&] { woken.release(); });
  EncodedSigns votes = encode(signs_of(text_of(1)));
  votes.planes.pop_back();
  reader.read(task_of(1, votes));
  woken.acquire();
  const auto read = reader.take();
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->signs.ok());
}

TEST(ReadingThread, ReadsOnTheCallersThreadWhatItCannotKeepPaceWith) {
  std::binary_semaphore go_on(0);
  bool held_up = false;
  constexpr std::uint64_t kMore = 10;
  constexpr std::uint64_t kAll = kWaitingBallots + 1 + kMore;
  std::counting_semaphore<kAll> woken(0);
  ReadingThread reader([&] {
    if (!std::exchange(held_up, true)) go_on.acquire();
    woken.release();
  });
  reader.read(ternary(1));
  while (!reader.take()) std::this_thread::yield();  // the thread is held up with this one
  for (std::uint64_t i = 2; i <= kAll; ++i) reader.read(ternary(i));
  std::map<std::uint64_t, bool> read;
  while (const auto one = reader.take()) read[one->reading] = one->signs.ok();
  EXPECT_EQ(read.size(), kMore);
  EXPECT_EQ(read.begin()->first, kWaitingBallots + 2);
  go_on.release();
  for (std::uint64_t i = 0; i <= kWaitingBallots; ++i) woken.acquire();
  while (const auto one = reader.take()) read[one->reading] = one->signs.ok();
  EXPECT_EQ(read.size(), kAll - 1);
}

TEST(ReadingThread, EndsWithBallotsInHand) {
  for (int i = 0; i < 50; ++i) {
    ReadingThread reader([] {});
    for (std::uint64_t k = 1; k <= 10; ++k) reader.read(ternary(k));
  }
}

}  // namespace
}  // namespace psephos::coordinator::reading_thread_test
