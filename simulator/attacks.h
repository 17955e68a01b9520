#pragma once
// Byzantine clients: they follow the protocol to the letter and lie in their votes.

#include <cstdint>
#include <string>
#include <string_view>

#include "client/work/worker.h"
#include "runtime/base/result.h"
#include "runtime/signs/packed_signs.h"

namespace psephos::simulator {

enum class Attack : std::uint8_t {
  kInvert,    // the negative of the honest ballot
  kRandom,    // a coin per parameter, each liar its own
  kConstant,  // + everywhere
  kCollude,   // all liars cast one common random ballot
  kAbstain,   // zero everywhere
};

Result<Attack> parse_attack(std::string_view text);
std::string to_string(Attack attack);

// What a liar with `key` casts in `round` in place of `honest`. `run_seed` is what colluders share.
PackedSigns lie(Attack attack, const PackedSigns& honest, PhiloxKey key, std::uint32_t run_seed,
                std::uint32_t round);

class ByzantineWorker : public client::Worker {
 public:
  ByzantineWorker(client::GradientFactory factory, PhiloxKey key, client::SharedReplicas* shared,
                  Attack attack, std::uint32_t run_seed)
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
