#pragma once
// Byzantine clients: they follow the protocol to the letter and lie in their votes.

#include <cstdint>
#include <string_view>

#include "client/work/worker.h"
#include "runtime/base/result.h"
#include "runtime/rules/words.h"
#include "runtime/signs/packed_signs.h"

namespace psephos::simulator {

// What a liar knows.
struct LiarContext {
  PhiloxKey key;               // its own
  std::uint32_t run_seed = 0;  // what colluders share
  std::uint32_t round = 0;
};

struct AttackInfo {
  RuleHead head;
  bool abstains = false;  // leaves parameters out that the honest ballot votes on
  PackedSigns (*lie)(const PackedSigns& honest, const LiarContext& context);
};
using Attack = Chosen<AttackInfo>;

// The only list of attacks.
const Family<AttackInfo>& attacks();
Result<Attack> parse_attack(std::string_view text);  // "invert"

// What a liar with `key` casts in `round` in place of `honest`. `run_seed` is what colluders share.
PackedSigns lie(const Attack& attack, const PackedSigns& honest, PhiloxKey key,
                std::uint32_t run_seed, std::uint32_t round);

class ByzantineWorker : public client::Worker {
 public:
  ByzantineWorker(client::GradientFactory factory, PhiloxKey key, client::SharedReplicas* shared,
                  const Attack& attack, std::uint32_t run_seed)
      : Worker(std::move(factory), key, shared), attack_(attack), run_seed_(run_seed) {}

 protected:
  PackedSigns cast(PackedSigns honest, std::uint32_t round) override {
    return lie(attack_, honest, key(), run_seed_, round);
  }

 private:
  Attack attack_;
  std::uint32_t run_seed_;
};

}  // namespace psephos::simulator
