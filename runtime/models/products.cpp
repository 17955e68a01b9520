#include "runtime/models/products.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "runtime/models/packets.h"

namespace psephos {
namespace {

using Full = FullPacket;
constexpr std::size_t kFull = kPacketFloats<Full>;

// Blocks of results live in registers while the loop runs over what is summed. Two multiply-add
// units of four cycles each want eight sums in flight; sixteen registers have room for twelve.

// ---- dense_sums: blocks of 3 samples x 4 outputs

constexpr std::size_t kDotSamples = 3;
constexpr std::size_t kDotOutputs = 4;
// Samples whose rows stay in the first-level cache while the weights go by.
constexpr std::size_t kDotGroup = 2 * kDotSamples;

// Some rows, `stride` floats apart.
struct Rows {
  const float* begin;
  std::size_t stride;
};

struct DotBlock {
  Rows inputs;
  Rows weights;
  std::size_t whole;        // what of the width fills whole registers
  const float* input_ends;  // the rest, a register per row, filled up with zeros; null: no rest
  const float* weight_ends;
  const float* biases;
  float* sums;
  std::size_t sum_stride;
};

template <std::size_t kSamples, std::size_t kOutputs>
using Lanes = std::array<std::array<Full, kOutputs>, kSamples>;

template <std::size_t kSamples, std::size_t kOutputs>
[[gnu::always_inline]] inline void add_products(Rows inputs, Rows weights, std::size_t width,
                                                Lanes<kSamples, kOutputs>& lanes) {
  for (std::size_t i = 0; i < width; i += kFull) {
    std::array<Full, kSamples> values;
    for (std::size_t n = 0; n < kSamples; ++n) {
      values[n] = packets::ploadu<Full>(inputs.begin + n * inputs.stride + i);
    }
    for (std::size_t o = 0; o < kOutputs; ++o) {
      const Full weight = packets::ploadu<Full>(weights.begin + o * weights.stride + i);
      for (std::size_t n = 0; n < kSamples; ++n) {
        lanes[n][o] = packets::pmadd(values[n], weight, lanes[n][o]);
      }
    }
  }
}

template <class Packet>
[[gnu::always_inline]] inline auto fold_to_four(const Packet& packet) {
  if constexpr (kPacketFloats < Packet >> 4) {
    return fold_to_four(packets::predux_half_dowto4(packet));
  } else {
    return packet;
  }
}

// sums[o] = the sum over lanes[o]'s lanes, plus biases[o].
template <std::size_t kOutputs>
[[gnu::always_inline]] inline void store_lane_sums(const std::array<Full, kOutputs>& lanes,
                                                   const float* biases, float* sums) {
  if constexpr (kFull == 1) {
    for (std::size_t o = 0; o < kOutputs; ++o) sums[o] = lanes[o] + biases[o];
  } else {
    constexpr std::size_t kLast = kOutputs - 1;
    packets::PacketBlock<Full, 4> block;
    block.packet[0] = lanes[0];
    block.packet[1] = lanes[std::min<std::size_t>(1, kLast)];
    block.packet[2] = lanes[std::min<std::size_t>(2, kLast)];
    block.packet[3] = lanes[kLast];
    packets::ptranspose(block);
    const auto totals =
        fold_to_four(packets::padd(packets::padd(block.packet[0], block.packet[1]),
                                   packets::padd(block.packet[2], block.packet[3])));
    if constexpr (kOutputs == 4) {
      using Four = std::remove_const_t<decltype(totals)>;
      packets::pstoreu(sums, packets::padd(totals, packets::ploadu<Four>(biases)));
    } else {
      std::array<float, 4> each;
      packets::pstoreu(each.data(), totals);
      for (std::size_t o = 0; o < kOutputs; ++o) sums[o] = each[o] + biases[o];
    }
  }
}

template <std::size_t kSamples, std::size_t kOutputs>
void dot_block(const DotBlock& block) {
  Lanes<kSamples, kOutputs> lanes;
  for (auto& row : lanes) row.fill(packets::pset1<Full>(0.0f));
  add_products(block.inputs, block.weights, block.whole, lanes);
  if (block.input_ends != nullptr) {
    add_products({block.input_ends, kFull}, {block.weight_ends, kFull}, kFull, lanes);
  }
// Rolled up, this loop would keep all sums in memory from the start.
#pragma GCC unroll 4
  for (std::size_t n = 0; n < kSamples; ++n) {
    store_lane_sums(lanes[n], block.biases, block.sums + n * block.sum_stride);
  }
}

using DotFunction = void (*)(const DotBlock&);

template <std::size_t kSamples, std::size_t... kOutputs>
constexpr std::array<DotFunction, kDotOutputs> dot_row(std::index_sequence<kOutputs...>) {
  return {dot_block<kSamples, kOutputs + 1>...};
}
constexpr std::array kDotBlocks{dot_row<1>(std::make_index_sequence<kDotOutputs>()),
                                dot_row<2>(std::make_index_sequence<kDotOutputs>()),
                                dot_row<3>(std::make_index_sequence<kDotOutputs>())};
static_assert(kDotBlocks.size() == kDotSamples);

// Columns `from` to `to` of some rows, one register apart; what is behind them stays as it is.
void copy_ends(Rows rows, std::size_t count, std::size_t from, std::size_t to, float* ends) {
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t i = from; i < to; ++i) {
      ends[row * kFull + i - from] = rows.begin[row * rows.stride + i];
    }
  }
}

// ---- combine: blocks of up to 3 registers' columns

// How many rows a block may have, by its columns' registers.
constexpr std::array<std::size_t, 3> kMostRows{8, 6, 4};
// What is combined is cut into tiles of 24 KiB: they stay in the first-level cache while all
// results go by. Between tiles sums lie in memory, which rounds nothing.
constexpr std::size_t kTileColumns = 96;
constexpr std::size_t kTileSteps = 64;

constexpr std::array<float, kMostRows.size() * kFull> kZeros{};

template <class Packet, std::size_t kRows, std::size_t kPackets>
void combination_block(const Combination& job) {
  constexpr std::size_t kFloats = kPacketFloats<Packet>;
  const std::size_t factor_row = job.factor_row;
  const std::size_t factor_step = job.factor_step;
  const std::size_t row_stride = job.row_stride;
  // Zeros are loaded like old results: a branch would make the compiler keep the sums in memory.
  const float* const old = job.add ? job.results : kZeros.data();
  const std::size_t old_stride = job.add ? job.result_stride : 0;
  std::array<std::array<Packet, kPackets>, kRows> sums;
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t p = 0; p < kPackets; ++p) {
      sums[r][p] = packets::ploadu<Packet>(old + r * old_stride + p * kFloats);
    }
  }
  // One loop over all runs, for the same reason.
  const float* row = job.rows;
  const float* factors = job.factors;
  const std::size_t jump = job.factor_run - job.steps * factor_step;
  std::size_t left_in_run = job.steps;
  std::size_t left = job.runs * job.steps;
  do {
    std::array<Packet, kPackets> values;
    for (std::size_t p = 0; p < kPackets; ++p) {
      values[p] = packets::ploadu<Packet>(row + p * kFloats);
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      const Packet factor = packets::pset1<Packet>(factors[r * factor_row]);
      for (std::size_t p = 0; p < kPackets; ++p) {
        sums[r][p] = packets::pmadd(factor, values[p], sums[r][p]);
      }
    }
    row += row_stride;
    factors += factor_step;
    if (--left_in_run == 0) {
      factors += jump;
      left_in_run = job.steps;
    }
  } while (--left > 0);
  float* const results = job.results;
  const std::size_t result_stride = job.result_stride;
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t p = 0; p < kPackets; ++p) {
      packets::pstoreu(results + r * result_stride + p * kFloats, sums[r][p]);
    }
  }
}

using CombinationFunction = void (*)(const Combination&);

// By the block's rows, less one.
using BlockColumn = std::array<CombinationFunction, kMostRows.front()>;

template <class Packet, std::size_t kPackets, std::size_t... kRows>
constexpr BlockColumn block_column(std::index_sequence<kRows...>) {
  return {combination_block<Packet, kRows + 1, kPackets>...};
}
template <class Packet, std::size_t kPackets>
constexpr BlockColumn kBlockColumn =
    block_column<Packet, kPackets>(std::make_index_sequence<kMostRows[kPackets - 1]>());

constexpr std::array<BlockColumn, kMostRows.size()> kFullBlocks{
    kBlockColumn<Full, 1>, kBlockColumn<Full, 2>, kBlockColumn<Full, 3>};

// Cuts `count` into pieces as equal as can be, none above `most`: ten rows become 4, 3, 3 and not
// 4, 4, 2, where the last sums would wait for each other.
template <class Body>
void in_pieces(std::size_t count, std::size_t most, const Body& body) {
  if (count == 0) return;
  const std::size_t pieces = (count + most - 1) / most;
  const std::size_t size = count / pieces;
  const std::size_t larger = count % pieces;
  std::size_t begin = 0;
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const std::size_t length = size + (piece < larger ? 1 : 0);
    body(begin, length);
    begin += length;
  }
}

// All result rows of as many columns as the blocks have.
void combine_columns(Combination job, std::size_t most_rows, const BlockColumn& blocks) {
  const float* factors = job.factors;
  float* results = job.results;
  in_pieces(job.count, most_rows, [&](std::size_t begin, std::size_t count) {
    job.factors = factors + begin * job.factor_row;
    job.results = results + begin * job.result_stride;
    blocks[count - 1](job);
  });
}

void combine_tile(const Combination& tile) {
  const auto columns_from = [&tile](std::size_t begin) {
    Combination part = tile;
    part.rows += begin;
    part.results += begin;
    return part;
  };
  in_pieces(tile.columns / kFull, kMostRows.size(), [&](std::size_t begin, std::size_t count) {
    combine_columns(columns_from(begin * kFull), kMostRows[count - 1], kFullBlocks[count - 1]);
  });
  std::size_t done = tile.columns / kFull * kFull;
  constexpr std::size_t kHalf = kPacketFloats<HalfPacket>;
  if (kHalf < kFull && done + kHalf <= tile.columns) {
    combine_columns(columns_from(done), kMostRows.front(), kBlockColumn<HalfPacket, 1>);
    done += kHalf;
  }
  for (; done < tile.columns; ++done) {
    combine_columns(columns_from(done), kMostRows.front(), kBlockColumn<float, 1>);
  }
}

}  // namespace

void dense_sums(const DenseShape& shape, const float* inputs, const float* weights,
                const float* biases, float* sums) {
  const std::size_t width = shape.width;
  const std::size_t rest = width % kFull;
  std::array<float, kDotGroup * kFull> input_ends{};
  std::array<float, kDotOutputs * kFull> weight_ends{};
  for (std::size_t first = 0; first < shape.samples; first += kDotGroup) {
    const std::size_t samples = std::min(kDotGroup, shape.samples - first);
    const Rows group{inputs + first * width, width};
    if (rest > 0) copy_ends(group, samples, width - rest, width, input_ends.data());
    in_pieces(shape.outputs, kDotOutputs, [&](std::size_t output, std::size_t outputs) {
      const Rows rows{weights + output * width, width};
      if (rest > 0) copy_ends(rows, outputs, width - rest, width, weight_ends.data());
      in_pieces(samples, kDotSamples, [&](std::size_t sample, std::size_t count) {
        kDotBlocks[count - 1][outputs - 1]({
            .inputs = {group.begin + sample * width, width},
            .weights = rows,
            .whole = width - rest,
            .input_ends = rest > 0 ? input_ends.data() + sample * kFull : nullptr,
            .weight_ends = weight_ends.data(),
            .biases = biases + output,
            .sums = sums + (first + sample) * shape.outputs + output,
            .sum_stride = shape.outputs,
        });
      });
    });
  }
}

void combine(const Combination& all) {
  for (std::size_t column = 0; column < all.columns; column += kTileColumns) {
    Combination tile = all;
    tile.columns = std::min(kTileColumns, all.columns - column);
    tile.rows += column;
    tile.results += column;
    if (all.runs > 1) {
      combine_tile(tile);
      continue;
    }
    for (std::size_t step = 0; step < all.steps; step += kTileSteps) {
      tile.steps = std::min(kTileSteps, all.steps - step);
      combine_tile(tile);
      tile.factors += tile.steps * all.factor_step;
      tile.rows += tile.steps * all.row_stride;
      tile.add = true;
    }
  }
}

}  // namespace psephos
