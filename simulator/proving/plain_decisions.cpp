#include "simulator/proving/plain_decisions.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/signs/layout.h"

namespace psephos::proving {
namespace {

// The truth's sums, for a rule that it knows nothing of.
class Sums : public VoteCounts {
 public:
  Sums(std::span<const std::int32_t> net, std::uint32_t voters) : net_(net), voters_(voters) {}

  std::size_t parameters() const override { return net_.size(); }
  std::uint32_t voters() const override { return voters_; }
  PackedSigns decide(std::uint32_t margin) const override {
    PackedSigns signs;
    signs.parameters = net_.size();
    signs.signs.resize(word_count(net_.size()));
    signs.voted.resize(signs.signs.size());
    for (std::size_t i = 0; i < net_.size(); ++i) {
      if (static_cast<std::uint32_t>(std::abs(net_[i])) < margin) continue;
      const BitPosition at = bit_position(i, net_.size());
      signs.voted[at.word] |= 1u << at.bit;
      if (net_[i] < 0) signs.signs[at.word] |= 1u << at.bit;
    }
    make_canonical(signs);
    return signs;
  }
  void net(std::size_t first, std::span<std::int32_t> into) const override {
    std::copy_n(net_.begin() + static_cast<std::ptrdiff_t>(first), into.size(), into.begin());
  }

 private:
  std::span<const std::int32_t> net_;
  std::uint32_t voters_;
};

template <class T>
std::int8_t sign_of(T value) {
  return static_cast<std::int8_t>(value > 0 ? 1 : value < 0 ? -1 : 0);
}

}  // namespace

PlainDecisions::PlainDecisions(const DecisionChoice& choice, TensorTable tensors)
    : choice_(choice), tensors_(std::move(tensors)) {}

bool PlainDecisions::knows(std::string_view word) {
  return word == "majority" || word == "quorum" || word == "momentum";
}

PlainDecisions::Expected PlainDecisions::decide(std::uint32_t round,
                                                std::span<const std::int32_t> net,
                                                std::uint32_t voters, float delta,
                                                std::span<const float> scales) {
  const std::string_view word = choice_.rule->head.word;
  Expected expected;
  expected.signs.resize(net.size());
  if (word == "majority") {
    std::ranges::transform(net, expected.signs.begin(), sign_of<std::int32_t>);
    return expected;
  }
  if (word == "quorum") {
    const auto ppm = static_cast<std::uint64_t>(choice_.values[0]);
    std::ranges::transform(net, expected.signs.begin(), [&](std::int32_t one) {
      const auto margin = static_cast<std::uint64_t>(std::abs(one));
      return margin * 1'000'000 >= ppm * voters ? sign_of(one) : std::int8_t{0};
    });
    return expected;
  }
  if (word == "momentum") {
    const auto dead_band = static_cast<float>(choice_.values[1]);
    std::ranges::transform(momentum(round, net, voters), expected.signs.begin(), [&](float u) {
      return std::fabs(u) > dead_band ? sign_of(u) : std::int8_t{0};
    });
    return expected;
  }
  PSEPHOS_CHECK(!knows(word), "what it knows it decides by itself");
  const std::unique_ptr<DecisionRule> rule = choice_.rule->make(choice_.values);
  states_.resize(std::min<std::size_t>(states_.size(), round + 1));
  if (states_.empty()) states_.emplace_back();
  PSEPHOS_CHECK(states_.size() == round + 1, "rounds come in order");
  PSEPHOS_CHECK(restore_state(states_.back(), net.size(), rule->slots()).ok(), "its own state");
  Decided decided = rule->decide(Sums(net, voters), {&tensors_, delta, scales, 1});
  states_.push_back(copy_state(rule->slots()));
  for (std::size_t i = 0; i < net.size(); ++i) {
    expected.signs[i] = static_cast<std::int8_t>(decided.signs.at(i));
  }
  expected.steps = std::move(decided.steps);
  return expected;
}

RuleState PlainDecisions::remembered(std::uint32_t round) const {
  if (choice_.rule->head.word == "momentum") {
    if (round >= momentum_.size()) return {{"momentum", AlignedVector<float>()}};
    const std::vector<float>& u = momentum_[round];
    return {{"momentum",
             round == 0 ? AlignedVector<float>() : AlignedVector<float>(u.begin(), u.end())}};
  }
  if (!needs_of(choice_).state) return {};
  if (round < states_.size() && round > 0) return states_[round];
  return copy_state(choice_.rule->make(choice_.values)->slots());
}

// u after the round: u <- fl(fl(beta*u) + fl(c*net)), c = float((1 - double(beta)) / V), below
// 2^-60 nothing.
std::vector<float> PlainDecisions::momentum(std::uint32_t round, std::span<const std::int32_t> net,
                                            std::uint32_t voters) {
  momentum_.resize(std::min<std::size_t>(momentum_.size(), round + 1));
  if (momentum_.empty()) momentum_.emplace_back(net.size());
  PSEPHOS_CHECK(momentum_.size() == round + 1, "rounds come in order");
  std::vector<float> u = momentum_.back();
  const auto beta = static_cast<float>(choice_.values[0]);
  const auto c = static_cast<float>((1.0 - static_cast<double>(beta)) / voters);
  for (std::size_t i = 0; i < u.size(); ++i) {
    const float old = beta * u[i];
    const float fresh = c * static_cast<float>(net[i]);
    u[i] = old + fresh;
    if (u[i] > -0x1p-60F && u[i] < 0x1p-60F) u[i] = 0;
  }
  momentum_.push_back(u);
  return u;
}

}  // namespace psephos::proving
