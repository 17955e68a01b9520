#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "runtime/rules/ballot/ballot_rule.h"
#include "tests/runtime/rules/some_vector.h"

namespace psephos::stochastic_ternary_test {
namespace {

constexpr PhiloxKey kKey{11, 4};
constexpr std::uint32_t kRound = 9;

PackedSigns ballot(std::span<const float> v, const TensorTable& tensors,
                   const std::vector<float>& scales) {
  const BallotChoice choice = parse_ballot_rule("stochastic-ternary:8").value();
  return choice.rule->make(choice.values)->ballot(v, {kKey, kRound, &tensors, scales});
}

// The random word of parameter i (platforms/kernels/kernels.h).
std::uint32_t word_of(std::size_t i) {
  const std::size_t p = i % 32;
  return philox(kKey, kRound, Purpose::kCoin, 8 * (i / 32) + p % 8)[p / 8];
}

TensorTable tensors_of(const std::vector<std::uint32_t>& counts) {
  TensorTable tensors;
  std::uint32_t offset = 0;
  for (const std::uint32_t count : counts) {
    tensors.push_back({fmt::format("t{}", tensors.size()), offset, count, 0});
    offset += count;
  }
  return tensors;
}

// Tensors that end at block edges, within blocks, many in one block, and a last short one.
TEST(StochasticTernary, VotesOnEachParameterByTheScaleOfItsOwnTensor) {
  const std::vector<std::vector<std::uint32_t>> shapes = {
      {1},          {1024},          {2048, 1},       {100, 3000},        {1023, 1, 1},
      {1024, 1024}, {5, 5, 5, 1100}, {3000, 10, 128}, {2048, 2048, 1030}, {4096, 7, 2000, 64}};
  for (const auto& counts : shapes) {
    const TensorTable tensors = tensors_of(counts);
    const std::size_t d = parameter_count(tensors);
    const AlignedVector<float> v = testing::some_vector(d, 5);
    std::vector<float> scales;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      scales.push_back(static_cast<float>(1 + t));
    }
    const PackedSigns cast = ballot(v, tensors, scales);
    for (const TensorEntry& tensor : tensors) {
      const float bound = scales[static_cast<std::size_t>(&tensor - tensors.data())];
      for (std::size_t i = tensor.offset; i < tensor.offset + tensor.count; ++i) {
        const float unit = static_cast<float>(word_of(i) >> 8) * 0x1p-24F;
        const bool votes = unit * bound < std::abs(v[i]);
        ASSERT_EQ(cast.at(i), !votes               ? 0
                              : std::signbit(v[i]) ? -1
                                                   : 1)
            << "parameter " << i << " of " << d;
      }
    }
  }
}

TEST(StochasticTernary, SaysNothingInATensorWhoseScaleIsNotKnown) {
  const TensorTable tensors = tensors_of({1500, 40, 2000});
  const AlignedVector<float> v(parameter_count(tensors), -3.0F);
  const PackedSigns cast = ballot(v, tensors, {1, 0, 2});
  for (std::size_t i = 0; i < v.size(); ++i) {
    ASSERT_EQ(cast.at(i), i >= 1500 && i < 1540 ? 0 : -1) << i;
  }
  EXPECT_EQ(ballot(v, tensors, {0, 0, 0}).voted_count(), 0u);
}

TEST(StochasticTernary, IsTheSameForTheSameRoundAndAnotherInTheNext) {
  const TensorTable tensors = tensors_of({3000});
  const AlignedVector<float> v = testing::some_vector(3000, 1);
  const BallotChoice choice = parse_ballot_rule("stochastic-ternary:8").value();
  const std::vector<float> scales = {2};
  const auto rule = choice.rule->make(choice.values);
  const PackedSigns first = rule->ballot(v, {kKey, 3, &tensors, scales});
  EXPECT_EQ(rule->ballot(v, {kKey, 3, &tensors, scales}), first);
  EXPECT_NE(rule->ballot(v, {kKey, 4, &tensors, scales}), first);
  EXPECT_NE(rule->ballot(v, {{11, 5}, 3, &tensors, scales}), first);
}

}  // namespace
}  // namespace psephos::stochastic_ternary_test
