#pragma once
// x_0, the same everywhere: uniform from Philox keyed by run seed and tensor number, integers only,
// then one multiplication: x = float(int32 draw >> 8) * 2^-23 * init_scale (WIRE.md, "Initial
// parameters"). The scale is a float that the coordinator computes and sends.

#include <cstdint>
#include <span>

#include "runtime/replica/tensor_table.h"

namespace psephos {

// `x`: parameter_count(table) floats. x[offset + i] of tensor t uses word i of
// philox(key (seed, kRunStream), round t, Purpose::kInitial). A scale of 0 gives +0, never -0.
void fill_initial_parameters(const TensorTable& table, std::uint32_t run_seed, std::span<float> x);

}  // namespace psephos
