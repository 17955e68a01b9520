#include "client/command_line/client_flags.h"

#include <gtest/gtest.h>

#include <string>

namespace psephos::client {
namespace {

ClientFlags on_loopback() {
  ClientFlags flags;
  flags.connect = "tcp://127.0.0.1:5580";
  return flags;
}

void expect_error(const ClientFlags& flags, const std::string& beginning) {
  const auto checked = check_client_flags(flags);
  ASSERT_FALSE(checked.ok()) << beginning;
  EXPECT_TRUE(checked.error().text.starts_with(beginning)) << checked.error().text;
}

TEST(ParsePart, CountsFromOneInWordsAndFromZeroInside) {
  const auto third = parse_part("3/10");
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(*third, (Part{2, 10}));
}

TEST(ParsePart, RefusesWhatIsNoPart) {
  for (const char* text : {"", "/", "3", "3/", "/10", "0/10", "11/10", "3/10 ", " 3/10", "-1/10",
                           "3/10/2", "a/b", "3/4294967296"}) {
    const auto part = parse_part(text);
    ASSERT_FALSE(part.ok()) << text;
    EXPECT_TRUE(part.error().text.starts_with("--part '")) << part.error().text;
  }
}

TEST(CheckClientFlags, APartIsNamedAfterItsNumberAndSharesTheOthersSeed) {
  ClientFlags flags = on_loopback();
  flags.part = "3/10";
  const auto member = check_client_flags(flags);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(member->name, "client-3");
  EXPECT_EQ(member->seed, 1U);
}

TEST(CheckClientFlags, OwnDataHaveASecretSeedUnlessOneIsGiven) {
  ClientFlags flags = on_loopback();
  auto member = check_client_flags(flags);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(member->seed, std::nullopt);
  flags.seed = 0;
  member = check_client_flags(flags);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(member->seed, 0U);
}

TEST(CheckClientFlags, ARunIsItsNumberInHex) {
  ClientFlags flags = on_loopback();
  flags.run = "1f";
  const auto member = check_client_flags(flags);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(member->run, 0x1fU);
  for (const char* text : {"0", "xyz", "1f ", "11223344556677889"}) {
    flags.run = text;
    expect_error(flags, "--run '");
  }
}

TEST(CheckClientFlags, NameTheFlagThatIsWrong) {
  ClientFlags flags = on_loopback();
  flags.connect = "kitchen";
  expect_error(flags, "--connect: ");
  flags = on_loopback();
  flags.name = std::string(1000, 'a');
  expect_error(flags, "--name: ");
  flags = on_loopback();
  flags.partition = "shards:2";
  expect_error(flags, "--partition goes with --part");
  flags = on_loopback();
  flags.state_every = "1";
  expect_error(flags, "--state-every goes with --state");
}

TEST(CheckClientFlags, AStateIsKeptEverySoOftenInTimeOrInRounds) {
  struct Case {
    const char* text;
    std::uint32_t rounds;
    Duration time;
  };
  using std::chrono::seconds;
  for (const Case& one : {Case{"", 0, seconds(60)},
                          {"30s", 0, seconds(30)},
                          {"5m", 0, seconds(300)},
                          {"1h", 0, seconds(3600)},
                          {"1s", 0, seconds(1)},
                          {"1000000h", 0, std::chrono::hours(1'000'000)},
                          {"50", 50, seconds(0)},
                          {"1", 1, seconds(0)},
                          {"1000000", 1'000'000, seconds(0)}}) {
    ClientFlags flags = on_loopback();
    flags.state = "client.state";
    flags.state_every = one.text;
    const auto member = check_client_flags(flags);
    ASSERT_TRUE(member.ok()) << one.text << ": " << member.error().text;
    EXPECT_EQ(member->save_every.rounds, one.rounds) << one.text;
    EXPECT_EQ(member->save_every.time, one.time) << one.text;
    EXPECT_FALSE(member->save_every.never());
  }
}

TEST(CheckClientFlags, WithoutAFileNoStateIsKept) {
  const auto member = check_client_flags(on_loopback());
  ASSERT_TRUE(member.ok());
  EXPECT_TRUE(member->save_every.never());
}

TEST(CheckClientFlags, RefusesWhatIsNeitherATimeNorANumberOfRounds) {
  for (const char* text :
       {"0", "0s", "0h", "1000001", "1000001s", "-1", "-30s", "+30s", "30 s", " 30s", "30s ",
        "30ms", "30S", "s", "1.5h", "1h30m", "never", "99999999999999999999", "4294967297"}) {
    ClientFlags flags = on_loopback();
    flags.state = "client.state";
    flags.state_every = text;
    expect_error(flags, std::string("--state-every '") + text + "': write a time like 30s");
  }
}

}  // namespace
}  // namespace psephos::client
