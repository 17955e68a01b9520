#include "runtime/vote/net_counts.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/vote/tally.h"

namespace psephos {
namespace {

constexpr std::size_t kHeaderBytes = 8;

std::uint32_t magnitude(std::int32_t net) { return static_cast<std::uint32_t>(std::abs(net)); }

// One block of the packed-sign layout: `count` parameters in `lanes` words.
struct Block {
  std::size_t first;  // parameter
  std::size_t count;
  std::size_t lanes;
};

Block block_at(std::size_t first, std::size_t parameters) {
  const std::size_t count = std::min(kBlockParameters, parameters - first);
  return {first, count, word_count(count)};
}

// Sets bit j of word l where `bit_of` of the block's parameter lanes * j + l is 1. (The words are
// put together beside the counts, which they could be as far as a compiler knows.)
template <class BitOf>
void fill_plane(const Block& block, const std::int32_t* net, std::uint32_t* words,
                const BitOf& bit_of) {
  std::uint32_t made[kBlockWords] = {};
  if (block.count == kBlockParameters) {
    for (std::size_t j = 0; j < kBlockWords; ++j) {
      for (std::size_t l = 0; l < kBlockWords; ++l) {
        made[l] |= bit_of(net[kBlockWords * j + l]) << j;
      }
    }
  } else {
    for (std::size_t j = 0; j * block.lanes < block.count; ++j) {
      const std::size_t row = j * block.lanes;
      const std::size_t end = std::min(block.lanes, block.count - row);
      for (std::size_t l = 0; l < end; ++l) made[l] |= bit_of(net[row + l]) << j;
    }
  }
  std::copy_n(made, block.lanes, words);
}

// Adds `weight` to `values` where the plane has a one.
void add_plane(const Block& block, const std::uint32_t* words, std::int32_t weight,
               std::int32_t* values) {
  for (std::size_t j = 0; j * block.lanes < block.count; ++j) {
    const std::size_t row = j * block.lanes;
    const std::size_t end = std::min(block.lanes, block.count - row);
    for (std::size_t l = 0; l < end; ++l) {
      values[row + l] += static_cast<std::int32_t>((words[l] >> j) & 1) * weight;
    }
  }
}

}  // namespace

NetCounts::NetCounts(const VoteCounts& counts) : NetCounts(counts.parameters(), counts.voters()) {
  counts.net(0, net_);
}

PackedSigns NetCounts::decide(std::uint32_t margin) const {
  PackedSigns decision;
  decision.parameters = net_.size();
  decision.signs.resize(word_count(net_.size()));
  decision.voted.resize(decision.signs.size());
  for (std::size_t first = 0; first < net_.size(); first += kBlockParameters) {
    const Block block = block_at(first, net_.size());
    const std::int32_t* net = net_.data() + first;
    const std::size_t word = first / 32;
    fill_plane(block, net, decision.voted.data() + word,
               [&](std::int32_t one) { return std::uint32_t{magnitude(one) >= margin}; });
    fill_plane(block, net, decision.signs.data() + word, [&](std::int32_t one) {
      return std::uint32_t{one < 0 && magnitude(one) >= margin};
    });
  }
  make_canonical(decision);
  return decision;
}

void NetCounts::net(std::size_t first, std::span<std::int32_t> into) const {
  PSEPHOS_CHECK(first + into.size() <= net_.size(), "counts of parameters past d");
  std::copy_n(net_.begin() + static_cast<std::ptrdiff_t>(first), into.size(), into.begin());
}

Bytes NetCounts::serialise() const {
  std::uint32_t greatest = 0;
  for (const std::int32_t one : net_) greatest = std::max(greatest, magnitude(one));
  const auto planes = static_cast<std::uint32_t>(std::bit_width(greatest));
  const std::size_t words = word_count(net_.size());
  AlignedVector<std::uint32_t> bits((1 + planes) * words);
  for (std::size_t first = 0; first < net_.size(); first += kBlockParameters) {
    const Block block = block_at(first, net_.size());
    const std::int32_t* net = net_.data() + first;
    std::uint32_t* at = bits.data() + first / 32;
    fill_plane(block, net, at, [](std::int32_t one) { return std::uint32_t{one < 0}; });
    for (std::uint32_t p = 0; p < planes; ++p) {
      fill_plane(block, net, at + (1 + p) * words,
                 [p](std::int32_t one) { return (magnitude(one) >> p) & 1; });
    }
  }
  Bytes bytes(kHeaderBytes + 4 * bits.size());
  std::memcpy(bytes.data(), &voters_, 4);
  std::memcpy(bytes.data() + 4, &planes, 4);
  if (!bits.empty()) std::memcpy(bytes.data() + kHeaderBytes, bits.data(), 4 * bits.size());
  return bytes;
}

Result<NetCounts> NetCounts::parse(std::span<const std::uint8_t> bytes, std::size_t parameters) {
  const Error wrong{"counts that do not go with this model: they are damaged"};
  if (bytes.size() < kHeaderBytes) return wrong;
  std::uint32_t voters = 0;
  std::uint32_t planes = 0;
  std::memcpy(&voters, bytes.data(), 4);
  std::memcpy(&planes, bytes.data() + 4, 4);
  const std::size_t words = word_count(parameters);
  if (voters > kMaxVoters || planes > static_cast<std::uint32_t>(std::bit_width(voters)) ||
      bytes.size() != kHeaderBytes + 4 * words * (1 + std::size_t{planes})) {
    return wrong;
  }
  AlignedVector<std::uint32_t> bits((1 + planes) * words);
  if (!bits.empty()) std::memcpy(bits.data(), bytes.data() + kHeaderBytes, 4 * bits.size());
  NetCounts counts(parameters, voters);
  for (std::size_t first = 0; first < parameters; first += kBlockParameters) {
    const Block block = block_at(first, parameters);
    const std::uint32_t* at = bits.data() + first / 32;
    std::int32_t* net = counts.net_.data() + first;
    for (std::uint32_t p = 0; p < planes; ++p) {
      add_plane(block, at + (1 + p) * words, std::int32_t{1} << p, net);
    }
    std::int32_t negative[kBlockParameters] = {};
    add_plane(block, at, 1, negative);
    for (std::size_t i = 0; i < block.count; ++i) {
      if (negative[i] != 0) net[i] = -net[i];
    }
  }
  // One value has one form: what these counts would be written as is what was read.
  const bool small = std::ranges::all_of(
      counts.net_, [voters](std::int32_t one) { return magnitude(one) <= voters; });
  if (!small || !std::ranges::equal(counts.serialise(), bytes)) return wrong;
  return counts;
}

std::size_t NetCounts::max_bytes(std::size_t parameters, std::uint32_t voters) {
  return kHeaderBytes +
         4 * word_count(parameters) * (1 + static_cast<std::size_t>(std::bit_width(voters)));
}

}  // namespace psephos
