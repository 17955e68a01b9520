// What a coordinator keeps in memory: so much for a member, and nothing for a round that is over.
// Measured by the C library's own account: a sanitizer's allocator keeps none, so there are no such
// tests there.

#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "coordinator/core/coordinator.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "tests/coordinator/core/outlet.h"
#include "tests/runtime/formats/temporary_folder.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator::memory_test {
namespace {

using namespace testing;

constexpr std::uint64_t kRun = 77;
constexpr std::uint64_t kSession = 88;

std::int64_t bytes_in_use() {
  const struct mallinfo2 account = mallinfo2();
  return static_cast<std::int64_t>(account.uordblks + account.hblkhd);
}

struct Nobody : Outlet {
  void send(const std::string&, const Frame&) override {}
  void evaluate(std::uint32_t, std::shared_ptr<const AlignedVector<float>>) override {}
  void round_finished(const RoundRow&) override {}
  void evaluation_known(const EvaluationRow&) override {}
  void note(const std::string&) override {}
};

CoordinatorOptions options_of(std::uint32_t parameters, std::uint32_t min_voters,
                              std::uint32_t max_clients) {
  CoordinatorOptions options;
  options.config.hyper.rounds = 100'000;
  options.config.hyper.seed = 5;
  options.config.min_voters = min_voters;
  options.config.eval_every = 0;
  options.config.max_clients = max_clients;
  options.tensors = {{"weight", 0, parameters, 0.25F}};
  options.run = kRun;
  options.session = kSession;
  options.held_out = false;
  return options;
}

class Bench {
 public:
  Bench(std::uint32_t parameters, std::uint32_t min_voters, std::uint32_t max_clients)
      : coordinator_(options_of(parameters, min_voters, max_clients),
                     std::move(SqliteLedger::open(folder_.path() / "ledger")).value(), nobody_),
        signs_(psephos::testing::random_text(parameters, 0, 1)) {
    coordinator_.handle(Started{}, now_);
  }

  // As with CURVE: a routing id of five bytes, and a key.
  void join(std::uint32_t client, std::uint32_t connection) {
    hear(client, connection, join_frame(fmt::format("client-{}", client)));
  }
  void vote(std::uint32_t client, std::uint32_t connection) {
    hear(client, connection, vote_frame(kSession, kRun, round(), signs_));
  }
  void leave(std::uint32_t client, std::uint32_t connection) {
    wire::Leave leave;
    leave.session = kSession;
    hear(client, connection, wire::build(wire::ClientMessage{leave}));
  }
  std::uint32_t round() const { return coordinator_.session().round(); }

 private:
  void hear(std::uint32_t client, std::uint32_t connection, const Frame& frame) {
    now_ += std::chrono::milliseconds(1);
    coordinator_.handle(
        FrameArrived{fmt::format("{:05}", connection), fmt::format("{:040}", client), frame}, now_);
  }

  TemporaryFolder folder_;
  Nobody nobody_;
  Instant now_{0};
  Coordinator coordinator_;
  std::string signs_;
};

TEST(Memory, AMemberCostsLessThanAKilobyteAndAsMuchForItsBallotInTheOpenRound) {
  constexpr std::uint32_t kMembers = 2000;
  Bench bench(1000, kMembers + 1, kMembers + 1);
  bench.join(0, 0);
  const std::int64_t before = bytes_in_use();
  for (std::uint32_t client = 1; client <= kMembers; ++client) bench.join(client, client);
  const std::int64_t member = (bytes_in_use() - before) / kMembers;
  for (std::uint32_t client = 0; client < kMembers; ++client) bench.vote(client, client);
  ASSERT_EQ(bench.round(), 0U);
  const std::int64_t with_ballot = (bytes_in_use() - before) / kMembers;
  RecordProperty("bytes_a_member", static_cast<int>(member));
  RecordProperty("bytes_with_ballot", static_cast<int>(with_ballot));
  EXPECT_GT(member, 40);  // its key, at least
  EXPECT_LT(member, 1024);
  EXPECT_LT(with_ballot, 2048);
}

// Beside SQLite's cache of pages, which has a bound of its own.
TEST(Memory, DoesNotGrowWithRoundsReconnectsAndNewcomers) {
  constexpr std::uint32_t kClients = 5;
  constexpr std::uint32_t kRounds = 100;
  constexpr std::int64_t kMostOfSqlite = 4 << 20;
  Bench bench(80'000, kClients, kClients + 3);
  std::uint32_t connection = 0;
  const auto play = [&] {
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      const std::uint32_t round = bench.round();
      for (std::uint32_t client = 0; client < kClients; ++client) {
        bench.join(client, ++connection);
        bench.vote(client, connection);
      }
      // One that nobody has heard of, and will not again: once the house is full, in another's
      // place.
      ++connection;
      bench.join(kClients + connection, connection);
      bench.leave(kClients + connection, connection);
      ASSERT_EQ(bench.round(), round + 1);
    }
    ASSERT_LT(sqlite3_memory_used(), kMostOfSqlite);
  };
  for (int warm_up = 0; warm_up < 2; ++warm_up) play();
  const std::int64_t before = bytes_in_use() - sqlite3_memory_used();
  play();
  const std::int64_t grown = bytes_in_use() - sqlite3_memory_used() - before;
  RecordProperty("bytes_a_round", static_cast<int>(grown / kRounds));
  EXPECT_LT(grown, 32 * std::int64_t{kRounds});
}

}  // namespace
}  // namespace psephos::coordinator::memory_test

#endif
