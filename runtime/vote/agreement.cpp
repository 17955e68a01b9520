#include "runtime/vote/agreement.h"

#include <algorithm>
#include <array>

#include "runtime/base/check.h"
#include "runtime/signs/plane_words.h"

namespace psephos {
namespace {

// Word `w` of the voted plane that `signs` has or implies.
std::uint32_t voted_word(const SignsView& signs, std::size_t w) {
  return signs.all_voted() ? valid_bits(w, signs.parameters) : signs.voted[w];
}

}  // namespace

AgreementSample::AgreementSample(const SignsView& ballot, PhiloxKey run_key, std::uint32_t round)
    : parameters_(ballot.parameters) {
  const std::size_t words = word_count(ballot.parameters);
  const std::size_t blocks = (words + kBlockWords - 1) / kBlockWords;
  if (blocks == 0) return;
  const std::array<std::uint32_t, kAgreementBlocks> draw =
      philox(run_key, round, Purpose::kAgreement, 0);
  for (std::size_t b = 0; b < kAgreementBlocks; ++b) {
    first_word_[b] = kBlockWords * below(draw[b], static_cast<std::uint32_t>(blocks));
    word_count_[b] = std::min(kBlockWords, words - first_word_[b]);
    for (std::size_t i = 0; i < word_count_[b]; ++i) {
      signs_[b * kBlockWords + i] = ballot.signs[first_word_[b] + i];
      voted_[b * kBlockWords + i] = voted_word(ballot, first_word_[b] + i);
    }
  }
}

double AgreementSample::with(const PackedSigns& decision) const {
  PSEPHOS_CHECK(decision.parameters == parameters_, "a decision of another number of parameters");
  std::array<std::uint32_t, kAgreementBlocks * kBlockWords> both{};
  std::array<std::uint32_t, kAgreementBlocks * kBlockWords> equal{};
  for (std::size_t b = 0; b < kAgreementBlocks; ++b) {
    for (std::size_t i = 0; i < word_count_[b]; ++i) {
      const std::size_t w = first_word_[b] + i;
      const std::size_t at = b * kBlockWords + i;
      both[at] = voted_[at] & voted_word(decision, w);
      equal[at] = both[at] & ~(signs_[at] ^ decision.signs[w]);
    }
  }
  const std::uint64_t compared = count_ones(both);
  if (compared == 0) return 0.5;
  return static_cast<double>(count_ones(equal)) / static_cast<double>(compared);
}

}  // namespace psephos
