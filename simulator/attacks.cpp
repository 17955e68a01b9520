#include "simulator/attacks.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace psephos::simulator {
namespace {

constexpr std::array<std::pair<std::string_view, Attack>, 5> kAttacks = {{
    {"invert", Attack::kInvert},
    {"random", Attack::kRandom},
    {"constant", Attack::kConstant},
    {"collude", Attack::kCollude},
    {"abstain", Attack::kAbstain},
}};

PackedSigns coins(std::size_t parameters, PhiloxKey key, std::uint32_t round) {
  PackedSigns signs;
  signs.parameters = parameters;
  signs.signs.resize(word_count(parameters));
  for (std::size_t w = 0; w < signs.signs.size(); ++w) {
    signs.signs[w] = philox_word(key, round, Purpose::kAttack, w) & valid_bits(w, parameters);
  }
  return signs;
}

}  // namespace

Result<Attack> parse_attack(std::string_view text) {
  for (const auto& [word, attack] : kAttacks) {
    if (word == text) return attack;
  }
  return Error{fmt::format(
      "unknown attack '{}': known are invert, random, constant, collude and abstain", text)};
}

std::string to_string(Attack attack) {
  for (const auto& [word, known] : kAttacks) {
    if (known == attack) return std::string(word);
  }
  return "unknown";
}

PackedSigns lie(Attack attack, const PackedSigns& honest, PhiloxKey key, std::uint32_t run_seed,
                std::uint32_t round) {
  const std::size_t d = honest.parameters;
  PackedSigns ballot;
  ballot.parameters = d;
  switch (attack) {
    case Attack::kInvert:
      ballot = honest;
      for (std::size_t w = 0; w < ballot.signs.size(); ++w) {
        const std::uint32_t voted = honest.all_voted() ? valid_bits(w, d) : honest.voted[w];
        ballot.signs[w] = ~honest.signs[w] & voted;
      }
      break;
    case Attack::kRandom:
      ballot = coins(d, key, round);
      break;
    case Attack::kConstant:
      ballot.signs.assign(word_count(d), 0);
      break;
    case Attack::kCollude:
      ballot = coins(d, {run_seed, kRunStream}, round);
      break;
    case Attack::kAbstain:
      ballot.signs.assign(word_count(d), 0);
      ballot.voted.assign(word_count(d), 0);
      break;
  }
  return ballot;
}

}  // namespace psephos::simulator
