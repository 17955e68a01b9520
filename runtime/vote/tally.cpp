#include "runtime/vote/tally.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/ranges.h"

namespace psephos {

void Tally::Counter::widen(std::uint32_t maximum, std::size_t words) {
  plane_count = std::max(plane_count, static_cast<std::size_t>(std::bit_width(maximum)));
  planes.resize(plane_count * words);  // new planes lie behind the old ones, all zero
}

kernels::CounterPlanes Tally::Counter::range(std::size_t begin, std::size_t end,
                                             std::size_t words) {
  // Of nothing, no place is within.
  return {plane_count == 0 ? nullptr : planes.data() + begin, plane_count, end - begin, words};
}

void Tally::Counter::count(std::span<const std::uint32_t* const> bits, std::uint32_t maximum,
                           std::size_t words, unsigned threads) {
  if (bits.empty()) return;
  widen(maximum, words);
  over_ranges(words, kTallyWordsOfAThread, threads, [&](std::size_t begin, std::size_t end) {
    std::vector<const std::uint32_t*> part(bits.begin(), bits.end());
    for (const std::uint32_t*& plane : part) plane += begin;
    kernels::kernels().count_planes(range(begin, end, words), part.data(), part.size());
  });
}

void Tally::Counter::merge(const Counter& other, std::uint32_t maximum, std::size_t words) {
  if (other.plane_count == 0) return;
  widen(maximum, words);
  kernels::kernels().merge_counters(range(0, words, words), other.planes.data(), other.plane_count);
}

std::int64_t Tally::Counter::at(BitPosition position, std::size_t words) const {
  std::int64_t value = 0;
  for (std::size_t p = 0; p < plane_count; ++p) {
    const std::uint32_t bit = (planes[p * words + position.word] >> position.bit) & 1;
    value |= std::int64_t{bit} << p;
  }
  return value;
}

Tally::Tally(std::size_t parameters, unsigned threads)
    : parameters_(parameters), threads_(threads) {
  PSEPHOS_CHECK(parameters <= kMaxParameters, "a tally of more than kMaxParameters");
  group_.reserve(kTallyGroup);
}

void Tally::enter(const SignsView& ballot) {
  const std::size_t words = word_count(parameters_);
  PSEPHOS_CHECK(ballot.parameters == parameters_ && ballot.signs.size() == words,
                "a ballot of another number of parameters");
  PSEPHOS_CHECK(ballot.all_voted() || ballot.voted.size() == words,
                "a ballot whose voted plane has another size than its sign plane");
  PSEPHOS_CHECK(voters() < kMaxVoters, "a tally of more than kMaxVoters");
  (ballot.all_voted() ? all_voters_ : ternary_voters_) += 1;
}

void Tally::add(PackedSigns ballot) {
  const auto keeper = std::make_shared<const PackedSigns>(std::move(ballot));
  add(*keeper, keeper);
}

void Tally::add(const SignsView& ballot, std::shared_ptr<const void> keeper) {
  enter(ballot);
  group_.push_back({ballot, std::move(keeper)});
  if (group_.size() == kTallyGroup) fold();
}

void Tally::add_all(std::span<const SignsView> ballots) {
  BallotPlanes planes;
  for (const SignsView& ballot : ballots) {
    enter(ballot);
    planes.take(ballot);
  }
  count(planes);
}

void Tally::BallotPlanes::take(const SignsView& ballot) {
  signs.push_back(ballot.signs.data());
  if (!ballot.all_voted()) voted.push_back(ballot.voted.data());
}

void Tally::count(const BallotPlanes& planes) const {
  const std::size_t words = word_count(parameters_);
  negative_.count(planes.signs, voters(), words, threads_);
  voted_.count(planes.voted, ternary_voters_, words, threads_);
}

void Tally::fold() const {
  BallotPlanes planes;
  for (const Waiting& waiting : group_) planes.take(waiting.ballot);
  count(planes);
  group_.clear();
}

void Tally::merge(const Tally& other) {
  PSEPHOS_CHECK(&other != this, "a tally merged into itself");
  PSEPHOS_CHECK(other.parameters_ == parameters_, "a tally of another number of parameters");
  PSEPHOS_CHECK(other.voters() <= kMaxVoters - voters(), "a tally of more than kMaxVoters");
  fold();
  other.fold();
  all_voters_ += other.all_voters_;
  ternary_voters_ += other.ternary_voters_;
  const std::size_t words = word_count(parameters_);
  negative_.merge(other.negative_, voters(), words);
  voted_.merge(other.voted_, ternary_voters_, words);
}

PackedSigns Tally::decide(std::uint32_t margin) const {
  PSEPHOS_CHECK(margin >= 1, "a decision without a margin");
  const std::size_t words = word_count(parameters_);
  PackedSigns decision;
  decision.parameters = parameters_;
  decision.signs.resize(words);
  decision.voted.resize(words);
  if (voters() > 0) {
    fold();
    over_ranges(words, kTallyWordsOfAThread, threads_, [&](std::size_t begin, std::size_t end) {
      kernels::kernels().decide(negative_.range(begin, end, words), voted_.range(begin, end, words),
                                all_voters_, margin, decision.signs.data() + begin,
                                decision.voted.data() + begin);
    });
  }
  // Bits past d look like parameters on which every binary ballot voted +.
  for (std::size_t w = parameters_ / kBlockParameters * kBlockWords; w < words; ++w) {
    decision.voted[w] &= valid_bits(w, parameters_);
    decision.signs[w] &= decision.voted[w];
  }
  make_canonical(decision);
  return decision;
}

void Tally::net(std::size_t first, std::span<std::int32_t> into) const {
  PSEPHOS_CHECK(first % kBlockParameters == 0 && first + into.size() <= parameters_ &&
                    (first + into.size() == parameters_ || into.size() % kBlockParameters == 0),
                "counts of whole blocks");
  if (!group_.empty()) fold();
  const std::size_t words = word_count(parameters_);
  const std::size_t begin = first / 32;
  const std::size_t end = begin + word_count(into.size());
  kernels::kernels().net_counts32(negative_.range(begin, end, words),
                                  voted_.range(begin, end, words), all_voters_, into.size(),
                                  into.data());
}

std::int64_t Tally::net(std::size_t i) const {
  PSEPHOS_CHECK(i < parameters_, "net of a parameter past d");
  fold();
  const std::size_t words = word_count(parameters_);
  const BitPosition position = bit_position(i, parameters_);
  return voted_.at(position, words) + all_voters_ - 2 * negative_.at(position, words);
}

void Tally::clear() {
  all_voters_ = 0;
  ternary_voters_ = 0;
  group_.clear();
  negative_.clear();
  voted_.clear();
}

}  // namespace psephos
