#include "simulator/attacks.h"

#include <array>

namespace psephos::simulator {
namespace {

PackedSigns coins(std::size_t parameters, PhiloxKey key, std::uint32_t round) {
  PackedSigns signs;
  signs.parameters = parameters;
  signs.signs.resize(word_count(parameters));
  for (std::size_t w = 0; w < signs.signs.size(); ++w) {
    signs.signs[w] = philox_word(key, round, Purpose::kAttack, w) & valid_bits(w, parameters);
  }
  return signs;
}

PackedSigns invert(const PackedSigns& honest, const LiarContext&) {
  PackedSigns ballot = honest;
  for (std::size_t w = 0; w < ballot.signs.size(); ++w) {
    const std::uint32_t voted =
        honest.all_voted() ? valid_bits(w, honest.parameters) : honest.voted[w];
    ballot.signs[w] = ~honest.signs[w] & voted;
  }
  return ballot;
}

PackedSigns plus_everywhere(std::size_t parameters) {
  PackedSigns ballot;
  ballot.parameters = parameters;
  ballot.signs.assign(word_count(parameters), 0);
  return ballot;
}

PackedSigns zero_everywhere(std::size_t parameters) {
  PackedSigns ballot = plus_everywhere(parameters);
  ballot.voted.assign(word_count(parameters), 0);
  return ballot;
}

constexpr AttackInfo kInvert = {.head = {.word = "invert",
                                         .help = "the negative of the honest ballot",
                                         .example = "invert",
                                         .parameters = {}},
                                .lie = invert};

constexpr AttackInfo kRandom = {.head = {.word = "random",
                                         .help = "a coin per parameter, each liar its own",
                                         .example = "random",
                                         .parameters = {}},
                                .lie = [](const PackedSigns& honest, const LiarContext& context) {
                                  return coins(honest.parameters, context.key, context.round);
                                }};

constexpr AttackInfo kConstant = {
    .head = {.word = "constant", .help = "+ everywhere", .example = "constant", .parameters = {}},
    .lie = [](const PackedSigns& honest, const LiarContext&) {
      return plus_everywhere(honest.parameters);
    }};

constexpr AttackInfo kCollude = {
    .head = {.word = "collude",
             .help = "all liars cast one common random ballot",
             .example = "collude",
             .parameters = {}},
    .lie = [](const PackedSigns& honest, const LiarContext& context) {
      return coins(honest.parameters, {context.run_seed, kRunStream}, context.round);
    }};

constexpr AttackInfo kAbstain = {
    .head = {.word = "abstain", .help = "zero everywhere", .example = "abstain", .parameters = {}},
    .abstains = true,
    .lie = [](const PackedSigns& honest, const LiarContext&) {
      return zero_everywhere(honest.parameters);
    }};

}  // namespace

const Family<AttackInfo>& attacks() {
  static constexpr std::array kRules = {
      &kInvert, &kRandom, &kConstant, &kCollude, &kAbstain,
  };
  static const Family<AttackInfo> kFamily("attack", kRules);
  return kFamily;
}

Result<Attack> parse_attack(std::string_view text) { return attacks().parse(text); }

PackedSigns lie(const Attack& attack, const PackedSigns& honest, PhiloxKey key,
                std::uint32_t run_seed, std::uint32_t round) {
  return attack.rule->lie(honest, {key, run_seed, round});
}

}  // namespace psephos::simulator
