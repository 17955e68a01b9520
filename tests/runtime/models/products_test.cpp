#include "runtime/models/products.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "runtime/base/bytes.h"
#include "tests/runtime/models/random_batch.h"

namespace psephos {
namespace {

// Rounding errors of a sum of `terms` products of numbers below 1.
double tolerance(std::size_t terms) { return 1e-6 * std::sqrt(static_cast<double>(terms + 1)); }

bool same_bits(const float* a, const float* b, std::size_t count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(float)) == 0;
}

// Sizes around every block's edge, for registers of 1 to 16 floats.
const std::vector<std::size_t> kRows{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 25, 33};
const std::vector<std::size_t> kColumns{1,  2,  3,  4,  5,  7,  8,  9,  12, 15, 16, 17, 23,  24,
                                        25, 31, 32, 33, 40, 47, 48, 49, 63, 95, 96, 97, 127, 200};

// ---- dense_sums

struct DenseOperands {
  AlignedVector<float> inputs, weights, biases;
  explicit DenseOperands(const DenseShape& shape)
      : inputs(random_floats(shape.samples * shape.width, 1)),
        weights(random_floats(shape.outputs * shape.width, 2)),
        biases(random_floats(shape.outputs, 3)) {}
};

AlignedVector<float> dense(const DenseShape& shape, const DenseOperands& operands) {
  AlignedVector<float> sums(shape.samples * shape.outputs, NAN);
  dense_sums(shape, operands.inputs.data(), operands.weights.data(), operands.biases.data(),
             sums.data());
  return sums;
}

void expect_right(const DenseShape& shape) {
  const DenseOperands operands(shape);
  const AlignedVector<float> sums = dense(shape, operands);
  for (std::size_t n = 0; n < shape.samples; ++n) {
    for (std::size_t o = 0; o < shape.outputs; ++o) {
      double sum = operands.biases[o];
      for (std::size_t i = 0; i < shape.width; ++i) {
        sum += static_cast<double>(operands.inputs[n * shape.width + i]) *
               static_cast<double>(operands.weights[o * shape.width + i]);
      }
      ASSERT_NEAR(sums[n * shape.outputs + o], sum, tolerance(shape.width))
          << shape.samples << " x " << shape.width << " x " << shape.outputs;
    }
  }
}

TEST(DenseSums, AreRightForEveryShape) {
  for (const std::size_t samples : kRows) {
    for (const std::size_t outputs : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 10u, 13u}) {
      for (const std::size_t width : {1u, 3u, 4u, 7u, 8u, 9u, 15u, 16u, 17u, 50u}) {
        expect_right({samples, width, outputs});
      }
    }
  }
  expect_right({32, 784, 128});
  expect_right({100, 1000, 10});
}

TEST(DenseSums, OfASampleAreTheSameInEveryBatch) {
  const DenseShape shape{19, 53, 11};
  const DenseOperands operands(shape);
  const AlignedVector<float> together = dense(shape, operands);
  for (std::size_t n = 0; n < shape.samples; ++n) {
    std::vector<float> alone(shape.outputs);
    dense_sums({1, shape.width, shape.outputs}, operands.inputs.data() + n * shape.width,
               operands.weights.data(), operands.biases.data(), alone.data());
    EXPECT_TRUE(same_bits(alone.data(), together.data() + n * shape.outputs, shape.outputs));
  }
}

TEST(DenseSums, DoNotDependOnAddresses) {
  const DenseShape shape{7, 45, 9};
  const DenseOperands operands(shape);
  const AlignedVector<float> expected = dense(shape, operands);
  for (std::size_t shift = 1; shift < 16; ++shift) {
    DenseOperands moved = operands;
    for (AlignedVector<float>* values : {&moved.inputs, &moved.weights, &moved.biases}) {
      values->insert(values->begin(), shift, NAN);
    }
    AlignedVector<float> sums(expected.size() + shift);
    dense_sums(shape, moved.inputs.data() + shift, moved.weights.data() + shift,
               moved.biases.data() + shift, sums.data() + shift);
    EXPECT_TRUE(same_bits(sums.data() + shift, expected.data(), expected.size())) << shift;
  }
}

// ---- combine

// A combination with operands of its own; results start as numbers that must not show unless added.
struct CombinationCase {
  AlignedVector<float> factors, rows, old, results;
  Combination job;

  // factor_row, factor_step, factor_run far enough apart to lie anywhere.
  CombinationCase(std::size_t count, std::size_t columns, std::size_t runs, std::size_t steps,
                  bool add)
      : factors(random_floats(count * 3 + runs * 101 + steps * 5, 4)),
        rows(random_floats(runs * steps * (columns + 2), 5)),
        old(random_floats(count * (columns + 1), 6)),
        results(old),
        job{.count = count,
            .columns = columns,
            .runs = runs,
            .steps = steps,
            .factors = factors.data(),
            .factor_row = 3,
            .factor_run = 101,
            .factor_step = 5,
            .rows = rows.data(),
            .row_stride = columns + 2,
            .results = results.data(),
            .result_stride = columns + 1,
            .add = add} {}

  double expected(std::size_t r, std::size_t c) const {
    double sum = job.add ? static_cast<double>(old[r * job.result_stride + c]) : 0.0;
    for (std::size_t run = 0; run < job.runs; ++run) {
      for (std::size_t step = 0; step < job.steps; ++step) {
        const float factor =
            factors[r * job.factor_row + run * job.factor_run + step * job.factor_step];
        const float value = rows[(run * job.steps + step) * job.row_stride + c];
        sum += static_cast<double>(factor) * static_cast<double>(value);
      }
    }
    return sum;
  }
};

void expect_right(CombinationCase& test) {
  const Combination& job = test.job;
  combine(job);
  for (std::size_t r = 0; r < job.count; ++r) {
    for (std::size_t c = 0; c < job.columns; ++c) {
      ASSERT_NEAR(test.results[r * job.result_stride + c], test.expected(r, c),
                  tolerance(job.runs * job.steps))
          << job.count << " x " << job.columns << ", " << job.runs << " runs of " << job.steps;
    }
    const std::size_t behind = r * job.result_stride + job.columns;
    ASSERT_EQ(test.results[behind], test.old[behind]) << "a float behind the row was written";
  }
}

TEST(Combine, IsRightForEveryShape) {
  for (const std::size_t count : kRows) {
    for (const std::size_t columns : kColumns) {
      for (const bool add : {false, true}) {
        CombinationCase plain(count, columns, 1, 5, add);
        expect_right(plain);
        CombinationCase runs(count, columns, 3, 4, add);
        expect_right(runs);
      }
    }
  }
}

TEST(Combine, IsRightAroundTheEdgesOfItsTiles) {
  for (const std::size_t steps : {1u, 63u, 64u, 65u, 128u, 200u}) {
    for (const std::size_t columns : {95u, 96u, 97u, 192u, 200u}) {
      for (const bool add : {false, true}) {
        CombinationCase test(7, columns, 1, steps, add);
        expect_right(test);
      }
    }
  }
}

TEST(Combine, OfARowIsTheSameBesideEveryOther) {
  CombinationCase all(29, 75, 2, 33, true);
  combine(all.job);
  for (std::size_t r = 0; r < all.job.count; ++r) {
    CombinationCase one(29, 75, 2, 33, true);
    one.job.count = 1;
    one.job.factors += r * one.job.factor_row;
    one.job.results += r * one.job.result_stride;
    combine(one.job);
    const std::size_t begin = r * all.job.result_stride;
    EXPECT_TRUE(same_bits(&one.results[begin], &all.results[begin], all.job.columns)) << r;
  }
}

TEST(Combine, RoundsTheSameInOneGoAndInTwo) {
  CombinationCase whole(9, 130, 1, 100, false);
  combine(whole.job);
  CombinationCase halves(9, 130, 1, 100, false);
  halves.job.steps = 37;
  combine(halves.job);
  halves.job.factors += 37 * halves.job.factor_step;
  halves.job.rows += 37 * halves.job.row_stride;
  halves.job.steps = 63;
  halves.job.add = true;
  combine(halves.job);
  EXPECT_TRUE(same_bits(whole.results.data(), halves.results.data(), whole.results.size()));
}

TEST(Combine, DoesNotDependOnAddresses) {
  CombinationCase here(6, 61, 3, 7, false);
  combine(here.job);
  for (std::size_t shift = 1; shift < 16; ++shift) {
    CombinationCase there(6, 61, 3, 7, false);
    for (AlignedVector<float>* values : {&there.factors, &there.rows, &there.results}) {
      values->insert(values->begin(), shift, NAN);
    }
    there.job.factors = there.factors.data() + shift;
    there.job.rows = there.rows.data() + shift;
    there.job.results = there.results.data() + shift;
    combine(there.job);
    EXPECT_TRUE(same_bits(there.job.results, here.results.data(), here.results.size())) << shift;
  }
}

}  // namespace
}  // namespace psephos
