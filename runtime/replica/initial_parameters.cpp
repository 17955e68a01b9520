#include "runtime/replica/initial_parameters.h"

#include <algorithm>
#include <array>

#include "platforms/kernels/environment.h"
#include "runtime/base/check.h"
#include "runtime/base/philox.h"

namespace psephos {
namespace {

void fill_uniform(PhiloxKey key, std::uint32_t tensor, float scale, std::span<float> x) {
  for (std::size_t block = 0; 4 * block < x.size(); ++block) {
    const std::array<std::uint32_t, 4> words = philox(key, tensor, Purpose::kInitial, block);
    const std::size_t count = std::min<std::size_t>(4, x.size() - 4 * block);
    for (std::size_t i = 0; i < count; ++i) {
      // 24 bits and a power of two: both exact in float, so only the scale rounds.
      const std::int32_t draw = static_cast<std::int32_t>(words[i]) >> 8;
      x[4 * block + i] = static_cast<float>(draw) * 0x1p-23f * scale;
    }
  }
}

}  // namespace

void fill_initial_parameters(const TensorTable& table, std::uint32_t run_seed, std::span<float> x) {
  PSEPHOS_CHECK(x.size() == parameter_count(table), "room for another number of parameters");
  const kernels::FloatEnvironment environment;
  const PhiloxKey key = {.seed = run_seed, .stream = kRunStream};
  for (std::size_t t = 0; t < table.size(); ++t) {
    const std::span<float> values = x.subspan(table[t].offset, table[t].count);
    if (table[t].init_scale == 0) {
      std::fill(values.begin(), values.end(), 0.0f);  // a product could be -0, another fingerprint
    } else {
      fill_uniform(key, static_cast<std::uint32_t>(t), table[t].init_scale, values);
    }
  }
}

}  // namespace psephos
