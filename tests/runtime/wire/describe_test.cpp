#include "runtime/wire/describe.h"

#include <gtest/gtest.h>

#include "tests/runtime/wire/golden_frames.h"
#include "tests/runtime/wire/hex.h"

namespace psephos::wire {
namespace {

using namespace testing;

std::string up(const std::string& name) {
  return describe_client_frame(from_hex(golden_frames().at(name)), 70);
}
std::string down(const std::string& name) {
  return describe_coordinator_frame(from_hex(golden_frames().at(name)), 70);
}

TEST(Describe, FramesOfAClient) {
  EXPECT_EQ(up("join"), "Join as pi-7 with round 12");
  EXPECT_EQ(up("ballot"), "Ballot 41, 12 bytes of planes");
  EXPECT_EQ(up("catch-up"), "CatchUp for chunk 5 of checkpoint 32");
  EXPECT_EQ(up("evaluation"), "Evaluation of round 100: loss 0.5000, accuracy 0.8750");
  EXPECT_EQ(up("heartbeat"), "Heartbeat, round 41");
  EXPECT_EQ(up("leave"), "Leave, reason 1");
}

TEST(Describe, FramesOfTheCoordinator) {
  EXPECT_EQ(down("welcome"), "Welcome to round 42 as slot 9, vote, evaluate");
  EXPECT_EQ(down("decision-full"),
            "Decision 41 of 9 voters, 12 bytes of planes, not counted 2 of 10 slots, vote");
  EXPECT_EQ(down("past-decisions"),
            "Past from round 40, decisions 40 to 41, counted through 40, vote, evaluate");
  EXPECT_EQ(down("past-chunk"),
            "Past from round none, chunk 0 of 1 of checkpoint 32, counted through none");
  EXPECT_EQ(down("call"), "Call to round 43");
  EXPECT_EQ(down("finished"), "Finished after 600 rounds, reason 2");
  EXPECT_EQ(down("refusal"), "Refusal busy: 10000 clients are here: wait");
}

TEST(Describe, WhatNobodyCanRead) {
  EXPECT_NE(describe_client_frame({}, 70).find("no Psephos frame"), std::string::npos);
  EXPECT_NE(up("welcome").find("Welcome"), std::string::npos);  // names what is in the wrong place
}

}  // namespace
}  // namespace psephos::wire
