#include "coordinator/core/reporter.h"

#include <gtest/gtest.h>

namespace psephos::coordinator {
namespace {

TEST(Reporter, ACrowdsComingsAndGoingsDrownNoLineOfWeight) {
  OutputOptions quiet;
  quiet.quiet = true;
  Reporter reporter(quiet, 10);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 1000; ++i) reporter.note("client " + std::to_string(i) + " fell silent");
  for (int i = 0; i < 50; ++i) reporter.note_weighty("alarm " + std::to_string(i) + ".");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("client 0 fell silent"), std::string::npos) << said;
  EXPECT_EQ(said.find("client 999 fell silent"), std::string::npos);
  for (int i = 0; i < 50; ++i) {
    EXPECT_NE(said.find("alarm " + std::to_string(i) + "."), std::string::npos) << i;
  }
}

}  // namespace
}  // namespace psephos::coordinator
