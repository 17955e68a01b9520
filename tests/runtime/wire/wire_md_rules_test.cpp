// WIRE.md's worked examples of rules, and its larger run, against the code.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <array>
#include <bit>
#include <cstring>
#include <sstream>

#include "runtime/base/units.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/replica/initial_parameters.h"
#include "runtime/replica/replica.h"
#include "runtime/rules/decision/decision_rule.h"
#include "runtime/rules/scales.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/vote/tally.h"
#include "tests/runtime/wire/wire_md.h"

namespace psephos::wire {
namespace {

using namespace testing;

// "1000*0.125 100*0".
TensorTable table_of(const std::vector<std::string>& tensors) {
  TensorTable table;
  std::uint32_t offset = 0;
  for (const std::string& tensor : tensors) {
    const auto count = static_cast<std::uint32_t>(std::stoul(tensor));
    const std::size_t star = tensor.find('*');
    const float scale = star == tensor.npos ? 0 : std::stof(tensor.substr(star + 1));
    table.push_back({"t" + std::to_string(table.size()), offset, count, scale});
    offset += count;
  }
  return table;
}

// '+', '-' or '0' of every parameter.
template <class Vote>
PackedSigns votes(std::size_t parameters, Vote vote) {
  PackedSigns signs;
  signs.parameters = parameters;
  signs.signs.resize(word_count(parameters));
  signs.voted.resize(word_count(parameters));
  for (std::size_t i = 0; i < parameters; ++i) {
    const BitPosition at = bit_position(i, parameters);
    if (vote(i) == '-') signs.signs[at.word] |= 1u << at.bit;
    if (vote(i) != '0') signs.voted[at.word] |= 1u << at.bit;
  }
  make_canonical(signs);
  return signs;
}

std::string hex(float value) { return fmt::format("{:08x}", std::bit_cast<std::uint32_t>(value)); }

// Net counts as the example says them.
class SaidCounts : public VoteCounts {
 public:
  SaidCounts(std::uint32_t voters, std::int32_t net) : voters_(voters), net_(net) {}
  std::size_t parameters() const override { return 1; }
  std::uint32_t voters() const override { return voters_; }
  PackedSigns decide(std::uint32_t) const override { return {}; }
  void net(std::size_t, std::span<std::int32_t> into) const override {
    if (!into.empty()) into[0] = net_;
  }

 private:
  std::uint32_t voters_;
  std::int32_t net_;
};

TEST(WireMdRules, StepsPerTensor) {
  const WireExample step = wire_examples().at("apply-steps");
  const AlignedVector<float> before = floats(step.bytes("x"));
  const AlignedVector<float> steps = floats(step.bytes("steps"));
  const std::string written = step.text("signs");
  Replica replica(before.size());
  std::ranges::copy(before, replica.mutable_parameters().begin());
  const auto ranges = step_ranges(before.size(), 0, steps, table_of(step.list("tensors")));
  replica.apply(votes(before.size(), [&](std::size_t i) { return written[i]; }), ranges,
                floats(step.bytes("keep")).at(0));
  std::string after;
  for (const float x : replica.parameters()) {
    const auto bits = std::bit_cast<std::array<std::uint8_t, 4>>(x);
    after += (after.empty() ? "" : " ") + to_hex(bits);
  }
  EXPECT_EQ(after, step.text("after"));
}

TEST(WireMdRules, NextScales) {
  const WireExample scales = wire_examples().at("next-scales");
  for (const std::string& one : scales.list("cases")) {
    const std::size_t bar = one.find('|');
    const std::size_t equals = one.find('=');
    const float current = std::stof(one.substr(0, bar));
    std::vector<std::vector<float>> reports;
    std::stringstream list(one.substr(bar + 1, equals - bar - 1));
    for (std::string report; std::getline(list, report, ',');)
      reports.push_back({std::stof(report)});
    EXPECT_EQ(next_scales(std::span(&current, 1), reports, scales.real("multiple")),
              std::vector<float>{std::stof(one.substr(equals + 1))})
        << one;
  }
}

TEST(WireMdRules, MomentumOfOneParameter) {
  const WireExample momentum = wire_examples().at("momentum");
  const DecisionChoice choice = *parse_decision_rule("momentum:" + momentum.text("beta"));
  const auto rule = choice.rule->make(choice.values);
  const TensorTable table = table_of({"1"});
  std::string u;
  for (const std::string& net : momentum.list("net")) {
    rule->decide(SaidCounts(momentum.word("voters"), std::stoi(net)), {.tensors = &table});
    const RuleState state = copy_state(rule->slots());
    u += (u.empty() ? "" : " ") + hex(std::get<AlignedVector<float>>(state.at(0).numbers).at(0));
  }
  EXPECT_EQ(u, momentum.text("u"));
}

TEST(WireMdRules, BytesOfATally) {
  for (const std::string& one : wire_examples().at("tally-bytes").list("cases")) {
    const auto numbers = numbers_between(one, "/=");
    ASSERT_EQ(numbers.size(), 3u) << one;
    Tally tally(numbers[0]);
    const PackedSigns ballot = votes(numbers[0], [](std::size_t i) { return i == 0 ? '0' : '-'; });
    for (std::uint32_t v = 0; v < numbers[1]; ++v) tally.add(ballot);
    EXPECT_EQ(tally.serialise().size(), numbers[2]) << one;
  }
}

TEST(WireMdRules, ThreeRoundsOfALargerModel) {
  const WireExample run = wire_examples().at("three-rounds");
  const TensorTable table = table_of(run.list("tensors"));
  const std::size_t d = parameter_count(table);
  const auto in_round_1 = [](std::size_t i) { return i % 11 != 0 ? '0' : i % 3 == 0 ? '-' : '+'; };
  const PackedSigns decisions[] = {
      votes(d, [](std::size_t i) { return i * i % 7 < 3 ? '-' : '+'; }), votes(d, in_round_1),
      votes(d, [&](std::size_t i) {
        return i % 97 == 0 ? '0' : i % 22 == 11 ? '-' : in_round_1(i);
      })};
  const Encoding encodings[] = {Encoding::kBinary, Encoding::kTernary, Encoding::kChange};
  Replica replica(d);
  fill_initial_parameters(table, run.word("seed"), replica.mutable_parameters());
  EXPECT_EQ(format_hex(replica.fingerprint()), run.text("x.0"));
  const PackedSigns* before = nullptr;
  for (std::size_t k = 0; k < 3; ++k) {
    const EncodedSigns encoded = encode_decision(decisions[k], before);
    EXPECT_EQ(encoded.encoding, encodings[k]);
    const std::string number = std::to_string(k);
    EXPECT_EQ(to_hex(encoded.planes), to_hex(run.bytes("planes." + number))) << k;
    before = &decisions[k];
    EXPECT_EQ(format_hex(replica.apply(*before, run.real("delta"), run.real("keep"))),
              run.text("x." + std::to_string(k + 1)));
  }
  const EncodedSigns last = encode(*before);
  const auto x = replica.parameters();
  const Bytes checkpoint =
      encode_checkpoint(3, x, replica.fingerprint(), &last, RoundTerms{0.03125F, 32, {}});
  EXPECT_EQ(checkpoint.size(), run.number("checkpoint.bytes"));
  EXPECT_EQ(format_hex(XXH3_64bits(checkpoint.data(), checkpoint.size())),
            run.text("checkpoint.hash"));
}

}  // namespace
}  // namespace psephos::wire
