#include "runtime/signs/layout.h"

namespace psephos {
namespace {

struct Block {
  std::size_t count;  // parameters in it
  std::size_t lanes;  // words it takes
};

Block block_at(std::size_t block, std::size_t parameters) {
  const std::size_t rest = parameters - block * kBlockParameters;
  const std::size_t count = rest < kBlockParameters ? rest : kBlockParameters;
  return {count, word_count(count)};
}

}  // namespace

BitPosition bit_position(std::size_t i, std::size_t parameters) {
  const std::size_t block = i / kBlockParameters;
  const std::size_t within = i % kBlockParameters;
  const std::size_t lanes = block_at(block, parameters).lanes;
  return {block * kBlockWords + within % lanes, static_cast<unsigned>(within / lanes)};
}

}  // namespace psephos
