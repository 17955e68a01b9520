#include "client/ballot/ballot_rule.h"

#include <algorithm>
#include <limits>

namespace psephos::client {

kernels::CoinAddress coins_of(PhiloxKey key, std::uint32_t round) {
  return {{key.seed, key.stream}, round, static_cast<std::uint32_t>(Purpose::kCoin)};
}

PackedSigns make_ballot(const BallotRule& rule, std::span<const float> v, PhiloxKey key,
                        std::uint32_t round) {
  const kernels::Kernels& table = kernels::kernels();
  PackedSigns ballot;
  ballot.parameters = v.size();
  ballot.signs.resize(word_count(v.size()));
  switch (rule.kind) {
    case BallotRule::Kind::kSign:
      table.pack_signs(v.data(), v.size(), coins_of(key, round), ballot.signs.data());
      break;
    case BallotRule::Kind::kThreshold: {
      const double mean = table.sum_abs(v.data(), v.size()) / static_cast<double>(v.size());
      // No finite float lies above the largest one: neither does what is voted on.
      const double limit = std::min(static_cast<double>(rule.threshold) * mean,
                                    static_cast<double>(std::numeric_limits<float>::max()));
      ballot.voted.resize(ballot.signs.size());
      table.pack_threshold(v.data(), v.size(), static_cast<float>(limit), ballot.signs.data(),
                           ballot.voted.data());
      make_canonical(ballot);
      break;
    }
  }
  return ballot;
}

}  // namespace psephos::client
