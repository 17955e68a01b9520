#include "coordinator/command_line/coordinator_flags.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>

namespace psephos::coordinator {
namespace {

// The program's defaults, to be changed.
struct Flags {
  Flags() { add_coordinator_options(app, options, flags); }

  std::string error() const {
    const auto checked = check_coordinator_flags(options, flags);
    return checked ? "" : checked.error().text;
  }

  CLI::App app;
  RunOptions options;
  CoordinatorFlags flags;
};

TEST(CheckCoordinatorFlags, TakesTheDefaults) {
  const Flags defaults;
  const auto config = check_coordinator_flags(defaults.options, defaults.flags);
  ASSERT_TRUE(config.ok()) << config.error().text;
  EXPECT_EQ(config->min_voters, 1U);
  EXPECT_EQ(config->max_joins_per_second, defaults.flags.entrance.max_handshakes);
}

TEST(CheckCoordinatorFlags, NameTheFlagThatIsWrong) {
  Flags wrong;
  wrong.flags.bind = "kitchen";
  EXPECT_TRUE(wrong.error().starts_with("--bind: ")) << wrong.error();

  Flags halves;
  halves.flags.partition = "iid";
  EXPECT_EQ(halves.error(), "--partition and --parts go together");

  Flags rubbish;
  rubbish.flags.partition = "rubbish";
  rubbish.flags.parts = 3;
  EXPECT_NE(rubbish.error().find("rubbish"), std::string::npos) << rubbish.error();

  Flags beginnings;
  beginnings.flags.warm_start = "a.ledger";
  beginnings.options.init = "b.npy";
  EXPECT_EQ(beginnings.error(), "--warm-start and --init are two beginnings: give one of them");
}

TEST(CheckCoordinatorFlags, SpeaksInTheClearBeyondThisMachineOnlyWhenTold) {
  Flags open;
  open.flags.bind = "tcp://*:5580";
  EXPECT_NE(open.error(), "");
  open.flags.entrance.insecure = true;
  EXPECT_EQ(open.error(), "");
}

TEST(LeadInWords, SaysWhereAndForWhomItWaits) {
  Flags said;
  said.options.min_voters = 3;
  said.options.min_clients = 5;
  const auto words = lead_in_words(said.options, said.flags);
  ASSERT_TRUE(words.ok()) << words.error().text;
  EXPECT_NE(words->find("at tcp://127.0.0.1:5580"), std::string::npos) << *words;
  EXPECT_NE(words->find("the first round waits for 5 clients, a round needs 3 ballots"),
            std::string::npos)
      << *words;
}

}  // namespace
}  // namespace psephos::coordinator
