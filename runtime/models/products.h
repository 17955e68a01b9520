#pragma once
// The matrix products of a gradient, on memory as it lies: rows are read where they are, nothing is
// packed or transposed first. Batches are small (32 samples), so packing would cost a sixth of the
// time; measured on mlp:128, batch 32 (AVX2 and FMA), these loops reach 0.9 of the processor's peak
// where Eigen's products reach 0.7, and on softmax, batch 10, 0.7 instead of 0.25.
//
// They are written once over Eigen's packets (its name for a register of floats), hence run on
// every instruction set that Eigen knows. A result is a function of the operands' values and of
// the register's width alone: not of addresses, cache sizes, or how many rows are asked for at
// once. Operands may start anywhere; none may overlap a result.

#include <cstddef>

namespace psephos {

// sums[n][o] = (sum over i of inputs[n][i] * weights[o][i]) + biases[o]. Row-major: inputs
// samples x width, weights outputs x width, sums samples x outputs.
//
// Order: with registers of P floats, P partial sums over i, i + P, i + 2P, ...; then their sum, in
// a fixed tree; then the rest of the row one by one; then the bias.
struct DenseShape {
  std::size_t samples;
  std::size_t width;
  std::size_t outputs;
};
void dense_sums(const DenseShape& shape, const float* inputs, const float* weights,
                const float* biases, float* sums);

// results[r][c] = sum over k of factors(r, k) * rows[k][c]: every result row is a combination of
// the same rows. It serves as weight gradient, input gradient and convolution: what differs is
// where the factors lie. Steps come in runs (a convolution's window: one run per window row):
//
//   factors(r, k) = factors[r * factor_row + run * factor_run + step * factor_step],
//   k = run * steps + step.
//
// Order: k ascending, one multiply-add each.
struct Combination {
  std::size_t count;    // result rows
  std::size_t columns;  // floats per row
  std::size_t runs = 1;
  std::size_t steps;  // per run

  const float* factors;
  std::size_t factor_row;
  std::size_t factor_run = 0;
  std::size_t factor_step;

  const float* rows;  // runs * steps of them
  std::size_t row_stride;

  float* results;
  std::size_t result_stride;
  bool add = false;  // to what the results hold, first in the order; else they are overwritten
};
void combine(const Combination& combination);

}  // namespace psephos
