#include "runtime/replica/tensor_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace psephos {
namespace {

constexpr std::size_t kRoom = 1000;

TensorTable good() {
  return {{.name = "weights", .offset = 0, .count = 60, .init_scale = 0.5f},
          {.name = "biases", .offset = 60, .count = 10, .init_scale = 0}};
}

TEST(TensorTable, AcceptsContiguousTensors) {
  EXPECT_TRUE(check_tensor_table(good(), kRoom).ok());
  EXPECT_TRUE(check_tensor_table(good(), 70).ok());
  EXPECT_EQ(parameter_count(good()), 70u);
  EXPECT_EQ(parameter_count({}), 0u);
}

TEST(TensorTable, TellsTheFirstTensorInWhichTwoTablesDiffer) {
  TensorTable other = good();
  other[1].name = "offsets";
  EXPECT_EQ(describe_difference(good(), other),
            "tensor 2 is 'biases' (10 parameters, init_scale 0) here and 'offsets' (10 parameters, "
            "init_scale 0) there");
  other = good();
  other[0].init_scale = 0.25f;
  other.pop_back();
  EXPECT_EQ(describe_difference(good(), other),
            "tensor 1 is 'weights' (60 parameters, init_scale 0.5) here and 'weights' (60 "
            "parameters, init_scale 0.25) there");
  other[0].init_scale = 0.5f;
  EXPECT_EQ(describe_difference(other, good()),
            "tensor 2 is missing here and 'biases' (10 parameters, init_scale 0) there");
}

TEST(TensorTable, RefusesMoreParametersThanAllowed) {
  const Status status = check_tensor_table(good(), 69);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().text.find("70 parameters"), std::string::npos);
}

TEST(TensorTable, RefusesCountsThatWouldOverflow) {
  TensorTable table = good();
  table[1].count = 0xFFFFFFFF;
  EXPECT_FALSE(check_tensor_table(table, kRoom).ok());
}

TEST(TensorTable, RefusesGapsOverlapsAndEmptiness) {
  TensorTable table = good();
  table[1].offset = 61;
  EXPECT_FALSE(check_tensor_table(table, kRoom).ok());
  table[1].offset = 59;
  EXPECT_FALSE(check_tensor_table(table, kRoom).ok());
  table = good();
  table[0].offset = 1;
  EXPECT_FALSE(check_tensor_table(table, kRoom).ok());
  table = good();
  table[1].count = 0;
  EXPECT_FALSE(check_tensor_table(table, kRoom).ok());
  EXPECT_FALSE(check_tensor_table({}, kRoom).ok());
}

TEST(TensorTable, RefusesScalesThatAreNotFiniteOrNegative) {
  for (const float scale :
       {-0.1f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    TensorTable table = good();
    table[0].init_scale = scale;
    EXPECT_FALSE(check_tensor_table(table, kRoom).ok()) << scale;
  }
}

TEST(TensorTable, RefusesNamesThatCannotBeShown) {
  for (const std::string& name :
       {std::string(), std::string(kMaxTensorName + 1, 'x'), std::string("a\nb"),
        std::string("\x1b[2J"), std::string("caf\xc3\xa9")}) {
    TensorTable table = good();
    table[0].name = name;
    EXPECT_FALSE(check_tensor_table(table, kRoom).ok()) << name.size();
  }
}

TEST(TensorTable, HoldsAtMostItsBoundOfTensors) {
  TensorTable table;
  for (std::uint32_t i = 0; i < kMaxTensors; ++i) {
    table.push_back({.name = "t", .offset = i, .count = 1, .init_scale = 0});
  }
  EXPECT_TRUE(check_tensor_table(table, kRoom).ok());
  table.push_back({.name = "t", .offset = kMaxTensors, .count = 1, .init_scale = 0});
  EXPECT_FALSE(check_tensor_table(table, kRoom).ok());
}

}  // namespace
}  // namespace psephos
