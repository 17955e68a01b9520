#include "runtime/signs/rice_string.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/runtime/signs/signs_of.h"

namespace psephos {
namespace {

using testing::bytes_of;

Words random_set(std::size_t words, std::uint32_t percent, std::uint32_t seed) {
  Words bits(words);
  for (std::size_t place = 0; place < 32 * words; ++place) {
    const std::uint32_t word = philox_word({seed, 7}, 0, Purpose::kFault, place);
    if (below(word, 100) < percent) bits[place / 32] |= std::uint32_t{1} << (place % 32);
  }
  return bits;
}

Bytes rice_of(const Words& bits) {
  Bytes out;
  append_rice(bits, count_ones(bits), 32 * std::uint64_t{bits.size()}, out);
  return out;
}

TEST(RiceString, ComesBackWhateverFollowsIt) {
  for (std::size_t words = 0; words <= 66; ++words) {
    for (const std::uint32_t percent : {0U, 1U, 10U, 35U, 60U, 100U}) {
      const Words bits = random_set(words, percent, static_cast<std::uint32_t>(words));
      Bytes bytes = rice_of(bits);
      const std::size_t size = bytes.size();
      bytes.insert(bytes.end(), 3, 0xFF);
      const auto rice = read_rice(bytes, 32 * words);
      ASSERT_TRUE(rice.ok()) << rice.error().text;
      EXPECT_EQ(rice->count, count_ones(bits));
      EXPECT_EQ(rice->bytes, size);
      EXPECT_EQ(*decode_rice(*rice, words), bits);
    }
  }
}

TEST(RiceString, HasTheBestParameterForRandomPlaces) {
  constexpr std::uint64_t kPlaces = 1'000'000;
  for (std::uint64_t count = 100; count < 380'000; count += count / 50 + 1) {
    const double hit = static_cast<double>(count) / kPlaces;
    // Bits per gap: k, a one, and the mean of floor(gap / 2^k) for geometric gaps.
    const auto cost = [&](unsigned k) {
      const double skip = std::pow(1 - hit, std::exp2(k));
      return k + 1 + skip / (1 - skip);
    };
    double best = std::numeric_limits<double>::infinity();
    for (unsigned k = 0; k <= kMaxRiceParameter; ++k) best = std::min(best, cost(k));
    EXPECT_LE(cost(rice_parameter(count, kPlaces)), best * 1.001) << count;
    const double entropy = (-hit * std::log2(hit) - (1 - hit) * std::log2(1 - hit)) / hit;
    EXPECT_LE(best, entropy * 1.045) << count;
  }
}

TEST(RiceString, ParameterIsBoundedAtTheEnds) {
  EXPECT_EQ(rice_parameter(0, 0), 0U);
  EXPECT_EQ(rice_parameter(0, 1), kMaxRiceParameter);
  EXPECT_EQ(rice_parameter(1, kMaxParameters), kMaxRiceParameter);
  EXPECT_EQ(rice_parameter(kMaxParameters, kMaxParameters), 0U);
  EXPECT_EQ(rice_parameter(26, 67), 0U);
  EXPECT_EQ(rice_parameter(25, 67), 1U);
}

TEST(RiceString, HasTheDocumentedBytes) {
  // Places 5, 6 and 66 of 96: gaps 5, 0, 59; k = 4, so 5 0 11 and three ones, three zeros between.
  Words bits(3);
  bits[0] = 0x60;
  bits[2] = 0x4;
  EXPECT_EQ(rice_parameter(3, 96), 4U);
  EXPECT_EQ(rice_of(bits), bytes_of("03000000"
                                    "050b"
                                    "23"));
}

struct Malformed {
  const char* bytes;
  std::uint64_t places;
  const char* says;
};

TEST(RiceString, RefusesEachMalformedStringByName) {
  const Malformed cases[] = {
      {"", 96, "within its count"},
      {"030000", 96, "within its count"},
      {"61000000ffff", 96, "97 places set, of 96"},
      {"ffffffffff", 96, "4294967295 places set, of 96"},
      {"03000000", 96, "within its remainders"},
      {"0300000005", 96, "within its remainders"},
      {"03000000051b23", 96, "spare bits after the remainders"},
      {"03000000050b", 96, "quotients"},        // none of them there
      {"03000000050b03", 96, "quotients"},      // two of three
      {"03000000050b630000", 96, "quotients"},  // one too many in the last byte
      {"03000000050b030500", 96, "quotients"},  // likewise, in a byte of its own
  };
  for (const auto& [bytes, places, says] : cases) {
    const auto refused = read_rice(bytes_of(bytes), places);
    ASSERT_FALSE(refused.ok()) << bytes;
    EXPECT_NE(refused.error().text.find(says), std::string::npos) << refused.error().text;
  }
  const Bytes bytes = bytes_of("03000000050b0302");  // the last place is 16 * 7 + 16 + 2 = 130
  const auto far = read_rice(bytes, 96);
  ASSERT_TRUE(far.ok());
  const auto refused = decode_rice(*far, 3);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text.find("past the last"), std::string::npos);
}

TEST(RiceString, AcceptsOnlyWhatItWouldWriteAfterAnyBitFlipAndTruncation) {
  for (const std::size_t words : {1, 3, 20}) {
    for (const std::uint32_t percent : {0U, 3U, 20U, 50U}) {
      Bytes bytes = rice_of(random_set(words, percent, 9));
      const auto expect_canonical = [&](ByteSpan changed) {
        const auto rice = read_rice(changed, 32 * words);
        if (!rice) return;
        const auto bits = decode_rice(*rice, words);
        if (!bits) return;
        ASSERT_TRUE(std::ranges::equal(rice_of(*bits), changed.first(rice->bytes)));
      };
      for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        const auto flip = static_cast<std::uint8_t>(1U << (bit % 8));
        bytes[bit / 8] ^= flip;
        ASSERT_NO_FATAL_FAILURE(expect_canonical(bytes));
        bytes[bit / 8] ^= flip;
      }
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(read_rice(cut, 32 * words).ok()) << "words " << words << " size " << size;
      }
    }
  }
}

}  // namespace
}  // namespace psephos
