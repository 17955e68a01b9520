#include "coordinator/ledger/past.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "coordinator/ledger/memory_ledger.h"
#include "runtime/wire/limits.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator::past_test {
namespace {

using wire::kCatchUpFrameBytes;
using wire::kChunkBytes;
using wire::testing::Dice;

constexpr std::uint64_t kSession = 11;
constexpr std::uint64_t kRun = 22;

// A ledger of made-up bytes: only sizes and rounds matter here.
class Book {
 public:
  explicit Book(std::size_t checkpoint_bytes) : checkpoint_bytes_(checkpoint_bytes) {
    add_checkpoint();
  }

  void add_decision(std::size_t planes) {
    auto record = std::make_shared<DecisionRecord>();
    record->round = ledger.rounds();
    record->delta = 0.5F;
    record->keep = 0.75F;
    record->votes.encoding = Encoding::kBinary;
    record->votes.planes.assign(planes, static_cast<std::uint8_t>(record->round));
    record->voters = record->round + 7;
    record->fingerprint = fingerprint(record->round + 1);
    ASSERT_TRUE(ledger.commit(record, {}, nullptr).ok());
  }
  void add_checkpoint() {
    auto checkpoint = std::make_shared<Checkpoint>();
    checkpoint->round = ledger.rounds();
    checkpoint->fingerprint = fingerprint(checkpoint->round);
    checkpoint->bytes.resize(checkpoint_bytes_);
    for (std::size_t i = 0; i < checkpoint_bytes_; ++i) {
      checkpoint->bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251 + checkpoint->round);
    }
    ASSERT_TRUE(ledger.add_checkpoint(checkpoint).ok());
  }
  // Decisions and, when it is time, checkpoints.
  void go_on(std::uint32_t rounds, std::size_t planes) {
    for (std::uint32_t i = 0; i < rounds; ++i) {
      add_decision(planes);
      if (ledger.rounds() % kCheckpointEvery == 0) add_checkpoint();
    }
  }

  static std::uint64_t fingerprint(std::uint32_t round) { return 1000 + round; }

  MemoryLedger ledger;

 private:
  std::size_t checkpoint_bytes_;
};

wire::CatchUp behind(std::uint32_t have_round) {
  return {.session = kSession, .have_round = have_round};
}

wire::CatchUp without_replica(wire::CatchUpReason reason) {
  return {.session = kSession, .have_round = wire::kNoRound, .reason = reason};
}

wire::CatchUp chunk_wanted(std::uint32_t checkpoint, std::uint32_t chunk) {
  return {.session = kSession,
          .have_round = wire::kNoRound,
          .checkpoint = checkpoint,
          .chunk = chunk,
          .reason = wire::CatchUpReason::kNoState};
}

struct Answer {
  Frame frame;  // owns what `past` points to
  wire::Past past;
};

std::optional<Answer> ask(const Book& book, const wire::CatchUp& request, const Asker& asker = {}) {
  Answer answer{PastFrames(kSession, kRun).answer(book.ledger, request, asker), {}};
  if (!answer.frame) return std::nullopt;
  const auto message = wire::read_coordinator_frame(*answer.frame, wire::kDefaultMaxParameters);
  EXPECT_TRUE(message.ok());
  answer.past = std::get<wire::Past>(*message);
  EXPECT_EQ(answer.past.session, kSession);
  return answer;
}

TEST(AnswerCatchUp, SendsTheDecisionsMissedAsTheyWere) {
  Book book(10'000);
  book.go_on(10, 100);
  const auto answer = ask(book, behind(4));
  ASSERT_TRUE(answer);
  ASSERT_FALSE(answer->past.chunk);
  ASSERT_EQ(answer->past.decisions.size(), 6u);
  for (std::uint32_t i = 0; i < 6; ++i) {
    const wire::Decision& decision = answer->past.decisions[i];
    EXPECT_EQ(decision.round, 4 + i);
    EXPECT_EQ(decision.run, kRun);
    EXPECT_EQ(decision.delta, 0.5F);
    EXPECT_EQ(decision.keep, 0.75F);
    EXPECT_EQ(decision.encoding, Encoding::kBinary);
    EXPECT_EQ(Bytes(decision.planes.begin(), decision.planes.end()),
              Bytes(100, static_cast<std::uint8_t>(4 + i)));
    EXPECT_EQ(decision.voters, 4 + i + 7);
    EXPECT_EQ(decision.fingerprint, Book::fingerprint(4 + i + 1));
    EXPECT_FALSE(decision.vote);
    EXPECT_FALSE(decision.evaluate);
  }
}

TEST(AnswerCatchUp, SaysNothingToWhoIsNotBehind) {
  Book book(1000);
  EXPECT_FALSE(ask(book, behind(0)));
  book.go_on(5, 100);
  EXPECT_FALSE(ask(book, behind(5)));
  EXPECT_FALSE(ask(book, behind(1'000'000)));
  EXPECT_TRUE(ask(book, behind(4)));
}

TEST(AnswerCatchUp, TakesWhicheverIsSmaller) {
  Book cheap_checkpoint(1000);
  cheap_checkpoint.go_on(60, 500);
  const auto chunk = ask(cheap_checkpoint, behind(2));
  ASSERT_TRUE(chunk && chunk->past.chunk);
  EXPECT_EQ(chunk->past.chunk->round, 32u);
  EXPECT_EQ(chunk->past.chunk->chunk, 0u);
  EXPECT_EQ(chunk->past.chunk->fingerprint, Book::fingerprint(32));
  const auto after_it = ask(cheap_checkpoint, behind(32));  // it would not help
  ASSERT_TRUE(after_it);
  EXPECT_EQ(after_it->past.decisions.size(), 28u);

  Book dear_checkpoint(1'000'000);
  dear_checkpoint.go_on(60, 500);
  const auto decisions = ask(dear_checkpoint, behind(2));
  ASSERT_TRUE(decisions);
  EXPECT_EQ(decisions->past.decisions.size(), 58u);
}

TEST(AnswerCatchUp, BeyondTheReachOfDecisionsThereIsTheCheckpoint) {
  Book book(1'000'000);
  book.go_on(500, 10);
  const auto answer = ask(book, behind(3));
  ASSERT_TRUE(answer && answer->past.chunk);
  EXPECT_EQ(answer->past.chunk->round, 480u);
}

TEST(AnswerCatchUp, WithoutAReplicaOrDivergedThereIsTheCheckpoint) {
  Book book(1'000'000);
  book.go_on(33, 10);
  wire::CatchUp diverged = behind(32);
  diverged.reason = wire::CatchUpReason::kDiverged;
  for (const wire::CatchUp& request : {without_replica(wire::CatchUpReason::kNoState), diverged,
                                       without_replica(wire::CatchUpReason::kDiverged),
                                       without_replica(wire::CatchUpReason::kBehind)}) {
    const auto answer = ask(book, request);
    ASSERT_TRUE(answer && answer->past.chunk);
    EXPECT_EQ(answer->past.chunk->round, 32u);
    EXPECT_EQ(answer->past.chunk->chunk, 0u);
  }
}

TEST(AnswerCatchUp, TransferGoesOnWithItsCheckpointWhileThatIsKept) {
  constexpr std::size_t kBytes = 3 * kChunkBytes + 17;
  Book book(kBytes);
  book.go_on(40, 10);
  const CheckpointRef whole = book.ledger.checkpoint(32);
  Bytes received;
  for (std::uint32_t chunk = 0; chunk < 4; ++chunk) {
    if (chunk == 2) book.go_on(30, 10);  // a newer one is taken meanwhile
    const auto answer = ask(book, chunk_wanted(32, chunk));
    ASSERT_TRUE(answer && answer->past.chunk);
    EXPECT_LE(answer->frame->size(), kCatchUpFrameBytes);
    const wire::CheckpointChunk& got = *answer->past.chunk;
    EXPECT_EQ(got.round, 32u);
    EXPECT_EQ(got.fingerprint, Book::fingerprint(32));
    EXPECT_EQ(got.chunk, chunk);
    EXPECT_EQ(got.chunks, 4u);
    received.insert(received.end(), got.bytes.begin(), got.bytes.end());
  }
  EXPECT_EQ(received, whole->bytes);
  // What follows it is still there.
  ASSERT_TRUE(ask(book, behind(32)));
}

TEST(AnswerCatchUp, TransferOfAForgottenCheckpointStartsOverWithTheNewest) {
  Book book(2 * kChunkBytes);
  book.go_on(100, 10);
  for (const std::uint32_t checkpoint : {0u, 32u, 50u, 1'000'000u, wire::kNoRound}) {
    const auto answer = ask(book, chunk_wanted(checkpoint, 1));
    ASSERT_TRUE(answer && answer->past.chunk);
    EXPECT_EQ(answer->past.chunk->round, 96u);
    EXPECT_EQ(answer->past.chunk->chunk, 0u);
  }
  const auto beyond = ask(book, chunk_wanted(96, 2));  // there is no such chunk
  ASSERT_TRUE(beyond && beyond->past.chunk);
  EXPECT_EQ(beyond->past.chunk->chunk, 0u);
}

TEST(AnswerCatchUp, OneFrameHasItsBoundOrASingleDecision) {
  Dice dice(1);
  for (int i = 0; i < 200; ++i) {
    Book book(std::size_t{1} << 21);  // more than all decisions below: those are sent
    const std::uint32_t rounds = 1 + dice.below(60);
    const std::uint32_t scale = 1u << dice.below(14);
    for (std::uint32_t round = 0; round < rounds; ++round) {
      book.add_decision(4 * (1 + dice.below(scale)));
    }
    const std::uint32_t have = dice.below(rounds);
    const auto answer = ask(book, behind(have));
    ASSERT_TRUE(answer);
    const std::size_t sent = answer->past.decisions.size();
    ASSERT_GE(sent, 1u);
    ASSERT_EQ(answer->past.decisions.front().round, have);
    if (sent > 1) {
      ASSERT_LE(answer->frame->size(), kCatchUpFrameBytes);
    }
    if (have + sent < rounds) {  // the next one would not have fitted in, give or take its frame
      const std::size_t next =
          book.ledger.decision(have + static_cast<std::uint32_t>(sent))->votes.planes.size();
      ASSERT_GT(answer->frame->size() + next + (sent + 1) * 160, kCatchUpFrameBytes);
    }
  }
}

TEST(AnswerCatchUp, DecisionLargerThanAFrameTravelsAlone) {
  Book book(std::size_t{1} << 24);
  for (const std::size_t planes : {400'000, 400'000, 10}) book.add_decision(planes);
  const auto answer = ask(book, behind(0));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->past.decisions.size(), 1u);
}

TEST(AnswerCatchUp, SmallDecisionsAreSentUpToTheirNumber) {
  Book book(std::size_t{1} << 24);
  for (int i = 0; i < 2000; ++i) book.add_decision(4);  // no second checkpoint: none is forgotten
  const auto answer = ask(book, behind(10));
  ASSERT_TRUE(answer);
  EXPECT_LE(answer->past.decisions.size(), wire::kMaxPastDecisions);
  EXPECT_GE(answer->past.decisions.size(), wire::kMaxPastDecisions / 2);
  EXPECT_LE(answer->frame->size(), kCatchUpFrameBytes);
}

TEST(AnswerCatchUp, SaysWhatTheAskerIsToDoAndWhatBecameOfItsBallots) {
  Book book(10'000);
  book.go_on(40, 100);
  for (const Asker& asker : {Asker{}, Asker{.counted_through = 3, .vote = true, .evaluate = false},
                             Asker{.counted_through = 37, .vote = false, .evaluate = true}}) {
    for (const wire::CatchUp& request : {behind(38), behind(3), chunk_wanted(32, 0)}) {
      const auto answer = ask(book, request, asker);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->past.have_round, request.have_round);
      EXPECT_EQ(answer->past.counted_through, asker.counted_through);
      EXPECT_EQ(answer->past.round, 40u);
      EXPECT_EQ(answer->past.vote, asker.vote);
      EXPECT_EQ(answer->past.evaluate, asker.evaluate);
    }
  }
}

TEST(AnswerCatchUp, AFrameIsKeptForThoseAloneWhoAreToldTheSame) {
  Book book(10'000);
  book.go_on(10, 100);
  PastFrames past(kSession, kRun);
  const Asker invited{.counted_through = 3, .vote = true, .evaluate = false};
  const Frame first = past.answer(book.ledger, behind(4), invited);
  EXPECT_EQ(past.answer(book.ledger, behind(4), invited), first);
  const Frame other = past.answer(book.ledger, behind(4), {.counted_through = 3});
  EXPECT_NE(other, first);
  EXPECT_EQ(past.answer(book.ledger, behind(4), {.counted_through = 3}), other);
  EXPECT_NE(past.answer(book.ledger, behind(5), invited), first);
  book.go_on(1, 100);
  EXPECT_NE(past.answer(book.ledger, behind(4), invited), first);
}

TEST(AnswerCatchUp, DecisionsBringStepsAndTermsAndCountWithThem) {
  Book book(std::size_t{1} << 24);
  const std::vector<float> numbers(kMaxTensors, 0.5F);
  for (std::uint32_t round = 0; round < 200; ++round) {
    auto record = std::make_shared<DecisionRecord>();
    record->round = round;
    record->delta = 0.5F;
    record->votes.encoding = Encoding::kBinary;
    record->votes.planes.resize(100);
    record->voters = 1;
    record->steps = numbers;
    record->next = {0.25F, 7, numbers};
    ASSERT_TRUE(book.ledger.commit(record, {}, nullptr).ok());
  }
  const auto answer = ask(book, behind(0));
  ASSERT_TRUE(answer);
  const std::size_t sent = answer->past.decisions.size();
  EXPECT_LE(answer->frame->size(), kCatchUpFrameBytes);
  EXPECT_LT(sent, 200u);
  EXPECT_GT((sent + 1) * 2400, kCatchUpFrameBytes);  // another one would not have fitted in
  for (const wire::Decision& decision : answer->past.decisions) {
    EXPECT_EQ(decision.steps, numbers);
    EXPECT_EQ(decision.next, (RoundTerms{0.25F, 7, numbers}));
  }
}

// A client that does as WIRE.md says gets to the open round, whatever happens meanwhile.
TEST(AnswerCatchUp, BringsAnyClientToTheOpenRound) {
  Dice dice(2);
  for (int run = 0; run < 200; ++run) {
    const std::size_t planes = 4 * (1 + dice.below(20'000));
    Book book(32 + planes * (1 + dice.below(32)));
    book.go_on(dice.below(200), planes);
    std::uint32_t have = dice.coin() ? wire::kNoRound : dice.below(book.ledger.rounds() + 1);
    std::uint32_t checkpoint = wire::kNoRound;
    std::uint32_t next_chunk = 0;
    int requests = 0;
    while (have != book.ledger.rounds()) {
      ASSERT_LT(++requests, 200);
      wire::CatchUp request = behind(have);
      request.checkpoint = checkpoint;
      request.chunk = next_chunk;
      const auto answer = ask(book, request);
      ASSERT_TRUE(answer);
      if (const auto& chunk = answer->past.chunk) {
        if (chunk->chunk == 0) {
          have = wire::kNoRound;
          checkpoint = chunk->round;
        } else {
          ASSERT_EQ(chunk->round, checkpoint);
          ASSERT_EQ(chunk->chunk, next_chunk);
        }
        next_chunk = chunk->chunk + 1;
        if (next_chunk == chunk->chunks) {
          have = checkpoint;
          checkpoint = wire::kNoRound;
          next_chunk = 0;
        }
      } else {
        for (const wire::Decision& decision : answer->past.decisions) {
          ASSERT_EQ(decision.round, have);
          ++have;
        }
      }
      if (requests < 50 && dice.below(3) == 0) book.go_on(1 + dice.below(3), planes);
    }
  }
}

}  // namespace
}  // namespace psephos::coordinator::past_test
