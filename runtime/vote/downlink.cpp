#include "runtime/vote/downlink.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/base/check.h"

namespace psephos {

Result<Downlink> parse_downlink(std::string_view text) {
  if (text == "ternary") return Downlink::kTernary;
  if (text == "binary") return Downlink::kBinary;
  return Error{fmt::format("unknown downlink '{}': known are ternary and binary", text)};
}

std::string to_string(Downlink downlink) {
  switch (downlink) {
    case Downlink::kTernary:
      return "ternary";
    case Downlink::kBinary:
      return "binary";
  }
  PSEPHOS_CHECK(false, "a downlink of no kind");
}

void break_ties(PackedSigns& decision, PhiloxKey run_key, std::uint32_t round) {
  const std::size_t words = decision.voted.size();
  for (std::size_t block = 0; 4 * block < words; ++block) {
    const std::array<std::uint32_t, 4> coins = philox(run_key, round, Purpose::kTieCoin, block);
    for (std::size_t w = 4 * block; w < std::min(4 * block + 4, words); ++w) {
      const std::uint32_t ties = ~decision.voted[w] & valid_bits(w, decision.parameters);
      decision.signs[w] |= coins[w % 4] & ties;
    }
  }
  decision.voted.clear();
}

}  // namespace psephos
