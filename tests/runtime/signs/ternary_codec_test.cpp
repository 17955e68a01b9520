#include "runtime/signs/ternary_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "platforms/kernels/kernels.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/rice_string.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos {
namespace {

using testing::bytes_of;
using testing::expand;
using testing::signs_of;

// A large ballot, drawn fast: `share` of it voted on.
PackedSigns random_signs(std::size_t d, double share, std::uint32_t seed) {
  std::string text(d, '0');
  for (std::size_t i = 0; i < d; ++i) {
    const auto words = philox({seed, 1}, 0, Purpose::kFault, i);
    if (unit_interval(words[0]) < share) text[i] = (words[1] & 1) != 0 ? '-' : '+';
  }
  return signs_of(text);
}

double bits_per_parameter(const PackedSigns& signs) {
  return 8.0 * static_cast<double>(encode(signs).planes.size()) /
         static_cast<double>(signs.parameters);
}

TEST(TernaryCodec, StaysWithinThreePercentOfTheEntropyOfSparseBallots) {
  for (const double asked : {0.01, 0.05, 0.1, 0.2}) {
    const PackedSigns signs = random_signs(200'000, asked, 1);
    const double share = static_cast<double>(signs.voted_count()) / 200'000;
    const double entropy = -share * std::log2(share) - (1 - share) * std::log2(1 - share);
    EXPECT_LE(bits_per_parameter(signs) - share, 1.03 * entropy) << asked;
  }
}

TEST(TernaryCodec, NeverTakesMoreThanOnePointSixBitsWhateverIsVoted) {
  for (int percent = 0; percent <= 100; ++percent) {
    EXPECT_LE(bits_per_parameter(random_signs(51'200, percent / 100.0, 2)), 1.601) << percent;
  }
  // Nor where a Rice code does worst: all gaps as long as unary has to write out.
  for (std::size_t period = 2; period < 40; ++period) {
    for (const bool dense : {true, false}) {
      std::string text(51'200, dense ? '+' : '0');
      for (std::size_t i = 0; i < text.size(); i += period) text[i] = dense ? '0' : '-';
      EXPECT_LE(bits_per_parameter(signs_of(text)), 1.601) << period;
    }
  }
}

TEST(TernaryCodec, TakesTheSmallestForm) {
  const struct {
    double share;
    TernaryForm form;
  } cases[] = {{0.0, TernaryForm::kVotedGaps},      {0.1, TernaryForm::kVotedGaps},
               {0.36, TernaryForm::kVotedGaps},     {0.45, TernaryForm::kRaw},
               {0.55, TernaryForm::kRaw},           {0.63, TernaryForm::kTrits},
               {0.72, TernaryForm::kAbstainedGaps}, {0.99, TernaryForm::kAbstainedGaps}};
  for (const auto& [share, form] : cases) {
    EXPECT_EQ(encode(random_signs(20'000, share, 3)).planes[0], static_cast<std::uint8_t>(form))
        << share;
  }
  // Of a small model no form is smaller than the plane itself.
  EXPECT_EQ(encode(signs_of("0000+00")).planes[0], 0);
}

TEST(TernaryCodec, KnowsBetweenWhichSizesItsBytesWillBe) {
  for (const std::size_t d : {1, 5, 33, 160, 1057, 5000, 20'000}) {
    for (const double share : {0.0, 0.01, 0.1, 0.36, 0.37, 0.5, 0.63, 0.7, 0.95}) {
      const PackedSigns signs = random_signs(d, share, static_cast<std::uint32_t>(d));
      if (signs.all_voted()) continue;
      const SizeBounds bounds = ternary_size(signs.voted_count(), d);
      const std::size_t size = encode(signs).planes.size();
      EXPECT_LE(bounds.least, size) << "d=" << d << " share " << share;
      EXPECT_GE(bounds.most, size) << "d=" << d << " share " << share;
    }
  }
  // One vote, before and behind all the others' places: the ends of the bounds.
  for (const std::size_t place : {std::size_t{0}, std::size_t{4095}}) {
    std::string text(4096, '0');
    text[place] = '+';
    const std::size_t size = encode(signs_of(text)).planes.size();
    const SizeBounds bounds = ternary_size(1, text.size());
    EXPECT_LE(bounds.least, size);
    EXPECT_GE(bounds.most, size);
  }
}

// Encoded by hand in a form that the encoder would not take.
Bytes in_form(TernaryForm form, const PackedSigns& signs) {
  Bytes bytes = {static_cast<std::uint8_t>(form), 0, 0, 0};
  const Words others = complement(signs.voted, signs.parameters);
  if (form == TernaryForm::kTrits) {
    bytes.resize(4 + (signs.voted.size() + 4) / 5 * 32);
    kernels::kernels().pack_trits(signs.signs.data(), signs.voted.data(), signs.voted.size(),
                                  bytes.data() + 4);
    return bytes;
  }
  if (form == TernaryForm::kRaw) {
    bytes.resize(4 + 4 * signs.voted.size());
    std::ranges::copy(std::as_bytes(std::span(signs.voted)),
                      std::as_writable_bytes(std::span(bytes)).begin() + 4);
  } else {
    const Words& named = form == TernaryForm::kVotedGaps ? signs.voted : others;
    bytes[1] = static_cast<std::uint8_t>(rice_parameter(count_ones(named), signs.parameters));
    append_rice(named, count_ones(named), signs.parameters, bytes);
  }
  append_signs(signs.signs, signs.voted, signs.voted_count(), bytes);
  return bytes;
}

TEST(TernaryCodec, RefusesEveryFormButTheOneThatItTakes) {
  constexpr TernaryForm kForms[] = {TernaryForm::kRaw, TernaryForm::kVotedGaps,
                                    TernaryForm::kAbstainedGaps, TernaryForm::kTrits};
  for (const std::size_t d : {1, 5, 33, 160, 1057, 5000}) {
    for (const double share : {0.0, 0.02, 0.2, 0.37, 0.5, 0.61, 0.64, 0.8, 0.98}) {
      const PackedSigns signs = random_signs(d, share, static_cast<std::uint32_t>(d));
      if (signs.all_voted()) continue;
      const Bytes best = encode(signs).planes;
      for (const TernaryForm form : kForms) {
        const Bytes bytes = in_form(form, signs);
        const auto decoded = decode(Encoding::kTernary, bytes, d);
        ASSERT_EQ(decoded.ok(), bytes == best)
            << "d=" << d << " share " << share << " form " << static_cast<int>(form);
        ASSERT_GE(bytes.size(), best.size());
      }
      ASSERT_EQ(*decode(Encoding::kTernary, best, d), signs);
    }
  }
}

TEST(TernaryCodec, RefusesEachMalformedBallotByName) {
  const auto refused = [](const Bytes& planes, std::size_t d, const char* says) {
    const auto decoded = decode(Encoding::kTernary, planes, d);
    ASSERT_FALSE(decoded.ok()) << says;
    EXPECT_NE(decoded.error().text.find(says), std::string::npos) << decoded.error().text;
  };
  const PackedSigns sparse = random_signs(1057, 0.1, 4);
  const PackedSigns dense = random_signs(1057, 0.9, 4);
  const PackedSigns middle = random_signs(1600, 0.64, 4);
  refused(bytes_of("0100"), 1057, "header");
  for (const PackedSigns& signs : {sparse, dense, middle}) {
    Bytes bytes = encode(signs).planes;
    const auto with = [&](std::size_t at, int value) {
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(value);
      return changed;
    };
    refused(with(0, 4), signs.parameters, "form 4 is unknown");
    refused(with(0, 255), signs.parameters, "form 255 is unknown");
    refused(with(1, bytes[1] ^ 1), signs.parameters, "Rice parameter");
    refused(with(2, 1), signs.parameters, "last two bytes");
    refused(with(3, 128), signs.parameters, "last two bytes");
    bytes.push_back(0);
    refused(bytes, signs.parameters, "bytes");
  }
  // The rarer symbol is named, not the other one.
  refused(in_form(TernaryForm::kAbstainedGaps, sparse), 1057, "not the smallest");
  refused(in_form(TernaryForm::kVotedGaps, dense), 1057, "not the smallest");
  // Word 33 of 34 has one parameter: place 33 * 32 + 31 is none of them.
  Bytes past = {1, 12, 0, 0};
  Words place(34);
  place[33] = 0x8000'0000;
  past[1] = static_cast<std::uint8_t>(rice_parameter(1, 1057));
  append_rice(place, 1, 1057, past);
  past.push_back(0);
  refused(past, 1057, "past parameter 1057");
  // Nothing abstained: that is binary.
  refused(in_form(TernaryForm::kAbstainedGaps, {1057, Words(34), complement(Words(34), 1057)}),
          1057, "must be sent as binary");
  Bytes trits = encode(middle).planes;
  ASSERT_EQ(trits[0], 3);
  trits[10] = 243;
  refused(trits, 1600, "above 242");
  // A spare bit after the last sign.
  std::string text(1057, '0');
  for (const std::size_t i : {3, 500, 900}) text[i] = '+';
  Bytes spare = encode(signs_of(text)).planes;
  spare.back() |= 0x08;
  refused(spare, 1057, "spare bits after the last sign");
  // A gap that ends past the last word: quotients as long as the raw plane allows.
  Bytes far = bytes_of(
      "01090000"
      "01000000"
      "0000"
      "0000000080"
      "00");
  far[1] = static_cast<std::uint8_t>(rice_parameter(1, 1057));
  refused(far, 1057, "past the last parameter");
}

}  // namespace
}  // namespace psephos
