// What became of a ballot: told to the rules once, with the first job that leads beyond its round,
// and never guessed where the coordinator can still be asked.

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

using wire::RefusalCode;

constexpr std::uint32_t kSlot = 4;

wire::Welcome with_slot(std::uint32_t slot = kSlot) {
  wire::Welcome numbered = welcome(0, false);
  numbered.slot = slot;
  return numbered;
}

// Has voted in round 5, and what it sent is forgotten.
void vote_in_round_5(Puppet& puppet, const wire::Welcome& with = with_slot()) {
  puppet.settle_at(5, with);
  puppet.hear(wire::Call{kSession, 5});
  puppet.work();
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  puppet.clear();
}

wire::Decision counting(wire::CountedSlots counted, std::uint32_t round = 5) {
  wire::Decision decided = decision(round, false);
  decided.counted = std::move(counted);
  return decided;
}

// The fate that the job in flight tells.
std::optional<Fate> told(const Puppet& puppet) {
  if (const auto* apply = puppet.in_flight<ApplyDecisions>()) return apply->fate;
  if (const auto* load = puppet.in_flight<LoadChunk>()) return load->fate;
  ADD_FAILURE() << "no job that leads on is in flight";
  return std::nullopt;
}

void expect_fate(const Puppet& puppet, bool counted) {
  const std::optional<Fate> fate = told(puppet);
  ASSERT_TRUE(fate);
  EXPECT_EQ(fate->round, 5u);
  EXPECT_EQ(fate->counted, counted);
}

TEST(Fate, IsReadFromTheListOfThoseCounted) {
  const std::vector<std::pair<std::vector<std::uint32_t>, bool>> cases = {
      {{4}, true}, {{0, 4, 7}, true}, {{0, 3, 5}, false}, {{}, false}};
  for (const auto& [slots, counted] : cases) {
    Puppet puppet;
    vote_in_round_5(puppet);
    puppet.hear(counting({true, 10, slots, {}}));
    expect_fate(puppet, counted);
  }
}

TEST(Fate, IsReadFromTheListOfThoseNotCounted) {
  const std::vector<std::pair<std::vector<std::uint32_t>, bool>> cases = {
      {{4}, false}, {{0, 4, 7}, false}, {{0, 3, 5}, true}, {{}, true}};
  for (const auto& [slots, counted] : cases) {
    Puppet puppet;
    vote_in_round_5(puppet);
    puppet.hear(counting({false, 10, slots, {}}));
    expect_fate(puppet, counted);
  }
}

TEST(Fate, ASlotThatWasNotGivenYetIsInNoList) {
  for (const bool of_those_counted : {true, false}) {
    Puppet puppet;
    vote_in_round_5(puppet);
    puppet.hear(counting({of_those_counted, kSlot, {}, {}}));
    expect_fate(puppet, false);
    Puppet first;
    vote_in_round_5(first, with_slot(0));
    first.hear(counting({of_those_counted, 0, {}, {}}));
    expect_fate(first, false);
  }
}

TEST(Fate, ABallotThatWasNotSentInThisSessionIsInNoListOfIt) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(refusal(RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome again = with_slot();
  again.session = kSession + 1;
  again.round = 5;
  again.fingerprint = fingerprint_of(kRun, 5);
  puppet.hear(again);  // not invited: the kept ballot is not sent again
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  wire::Decision decided = counting({false, 10, {}, {}});
  decided.session = kSession + 1;
  puppet.hear(decided);
  expect_fate(puppet, false);
}

TEST(Fate, ABallotThatWasSentAgainIsInTheListsOfTheNewSession) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(refusal(RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome again = with_slot(8);
  again.session = kSession + 1;
  again.round = 5;
  again.vote = true;
  again.fingerprint = fingerprint_of(kRun, 5);
  puppet.hear(again);
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  wire::Decision decided = counting({true, 10, {8}, {}});
  decided.session = kSession + 1;
  puppet.hear(decided);
  expect_fate(puppet, true);
}

TEST(Fate, WhoDidNotVoteHasNone) {
  Puppet puppet;
  puppet.settle_at(5, with_slot());
  puppet.hear(counting({true, 10, {kSlot}, {}}));
  EXPECT_FALSE(told(puppet));
}

TEST(Fate, ABallotThatSaysNothingHasNone) {
  Puppet puppet;
  puppet.settle_at(5, with_slot());
  puppet.hear(wire::Call{kSession, 5});
  puppet.finish(BallotReady{5, std::make_shared<const BallotContent>()});
  puppet.hear(counting({false, 10, {}, {}}));
  EXPECT_FALSE(told(puppet));
}

TEST(Fate, IsToldOnce) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(counting({true, 10, {kSlot}, {}}));
  expect_fate(puppet, true);
  puppet.work();
  puppet.hear(counting({true, 10, {kSlot}, {}}, 6));
  EXPECT_FALSE(told(puppet));
}

TEST(Fate, APastSaysThroughWhichRoundBallotsWereCounted) {
  for (const std::uint32_t through : {5u, 3u, wire::kNoRound}) {
    Puppet puppet;
    vote_in_round_5(puppet);
    puppet.hear(wire::Heartbeat{kSession, 8});
    ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
    EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].have_round, 5u);
    wire::Past answer = past(5, 7);
    answer.counted_through = through;
    puppet.hear(answer);
    expect_fate(puppet, through == 5);
  }
}

TEST(Fate, AnAnswerToAnOlderQuestionIsNotTakenWhileItIsOpen) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(wire::Heartbeat{kSession, 8});
  wire::Past stale = past(4, 7);  // asked for when it held round 4
  stale.counted_through = 4;
  puppet.hear(stale);
  EXPECT_FALSE(puppet.job);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u) << "not at once";
  puppet.pass_in_company(2 * kInterval, 8);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 2u) << "asked again";
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[1].have_round, 5u);
  wire::Past answer = past(5, 7);
  answer.counted_through = 5;
  puppet.hear(answer);
  expect_fate(puppet, true);
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions.size(), 3u);
}

TEST(Fate, AnAnswerToAnOlderQuestionIsTakenWhereNoneIsOpen) {
  Puppet puppet;
  puppet.settle_at(5, with_slot());
  puppet.hear(wire::Heartbeat{kSession, 8});
  puppet.hear(past(4, 7));
  EXPECT_FALSE(told(puppet));
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions.size(), 3u);
}

TEST(Fate, ACheckpointsFirstChunkSaysIt) {
  for (const bool counted : {true, false}) {
    Puppet puppet;
    vote_in_round_5(puppet);
    puppet.hear(wire::Heartbeat{kSession, 40});
    wire::Past first = chunk(32, 0, 2);
    first.have_round = 5;
    first.counted_through = counted ? 5 : wire::kNoRound;
    puppet.hear(first);
    expect_fate(puppet, counted);
    puppet.work();
    wire::Past second = chunk(32, 1, 2);
    second.counted_through = 5;
    puppet.hear(second);
    EXPECT_FALSE(told(puppet)) << "told with the first";
  }
}

TEST(Fate, ACheckpointForAnOlderQuestionIsNotTakenWhileItIsOpen) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(wire::Heartbeat{kSession, 40});
  wire::Past stale = chunk(32, 0, 1);
  stale.have_round = 4;
  puppet.hear(stale);
  EXPECT_FALSE(puppet.job);
  EXPECT_EQ(puppet.session.round(), 5u);
}

// Its replica is gone, so that it cannot ask for more than it is told.
TEST(Fate, WhoLostTheReplicaTakesAnyCheckpoint) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(wire::Finished{kSession, 5, 4711});
  EXPECT_FALSE(puppet.session.round());
  wire::Past any = chunk(5, 0, 1);
  any.counted_through = wire::kNoRound;
  puppet.hear(any);
  expect_fate(puppet, false);
}

TEST(Fate, ARestoredBallotsIsOpenAgain) {
  RunState state;
  state.standing.run = kRun;
  state.standing.round = 5;
  state.fingerprint = fingerprint_of(kRun, 5);
  auto ballot = std::make_shared<BallotContent>();
  ballot->votes = {Encoding::kBinary, {99, 0, 0, 0, 0, 0, 0, 0}};
  state.standing.ballot = std::move(ballot);
  SessionOptions options = named("puppet");
  options.restored = std::make_shared<const RunState>(std::move(state));
  Puppet puppet(std::move(options));
  puppet.start();
  puppet.hear(welcome(6, false));
  puppet.work();
  wire::Past answer = past(5, 5);
  answer.counted_through = 5;
  puppet.hear(answer);
  expect_fate(puppet, true);
}

}  // namespace
}  // namespace psephos::client::testing
