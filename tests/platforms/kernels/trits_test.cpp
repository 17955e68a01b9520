#include <gtest/gtest.h>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

using Plane = std::vector<std::uint32_t>;
using Bytes = std::vector<std::uint8_t>;

struct Votes {
  Plane signs;
  Plane voted;
};

Votes random_votes(std::size_t words, Words& random) {
  Votes votes{random_plane(words, random), random_plane(words, random)};
  for (std::size_t w = 0; w < words; ++w) votes.signs[w] &= votes.voted[w];
  return votes;
}

std::size_t packed_bytes(std::size_t words) { return (words + 4) / 5 * 32; }

// From the text of kernels.h, one digit at a time.
Bytes naive_pack(const Votes& votes) {
  Bytes bytes(packed_bytes(votes.voted.size()));
  for (std::size_t w = votes.voted.size(); w-- > 0;) {
    for (std::size_t bit = 0; bit < 32; ++bit) {
      const std::uint32_t voted = (votes.voted[w] >> bit) & 1;
      const std::uint32_t minus = (votes.signs[w] >> bit) & 1;
      std::uint8_t& byte = bytes[32 * (w / 5) + bit];
      byte = static_cast<std::uint8_t>(3 * byte + (voted == 0 ? 0 : minus == 0 ? 1 : 2));
    }
  }
  return bytes;
}

TEST(Trits, AreTheDocumentedBytesAndUnpackToBothPlanes) {
  Words random(1);
  for (const Kernels* table : runnable_tables()) {
    for (std::size_t words = 0; words <= 333; ++words) {
      const Votes votes = random_votes(words, random);
      Bytes bytes(packed_bytes(words));
      table->pack_trits(votes.signs.data(), votes.voted.data(), words, bytes.data());
      ASSERT_EQ(bytes, naive_pack(votes)) << table->name << " words " << words;
      Votes unpacked{Plane(words, 7), Plane(words, 7)};
      ASSERT_TRUE(
          table->unpack_trits(bytes.data(), words, unpacked.signs.data(), unpacked.voted.data()));
      ASSERT_EQ(unpacked.signs, votes.signs);
      ASSERT_EQ(unpacked.voted, votes.voted);
    }
  }
}

TEST(Trits, RefuseBytesThatAreNoFiveDigits) {
  for (const Kernels* table : runnable_tables()) {
    Votes votes{Plane(10), Plane(10)};
    for (std::size_t at = 0; at < 64; ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        Bytes bytes(64);
        bytes[at] = static_cast<std::uint8_t>(value);
        ASSERT_EQ(table->unpack_trits(bytes.data(), 10, votes.signs.data(), votes.voted.data()),
                  value < 243);
      }
    }
  }
}

TEST(Trits, RefuseDigitsOfWordsThatAreNotThere) {
  for (const Kernels* table : runnable_tables()) {
    for (std::size_t words = 1; words <= 5; ++words) {
      std::uint32_t first_too_large = 1;  // 3^words
      for (std::size_t w = 0; w < words; ++w) first_too_large *= 3;
      Votes votes{Plane(words), Plane(words)};
      for (std::uint32_t value = 0; value < 256; ++value) {
        Bytes bytes(32);
        bytes[value % 32] = static_cast<std::uint8_t>(value);
        ASSERT_EQ(table->unpack_trits(bytes.data(), words, votes.signs.data(), votes.voted.data()),
                  value < first_too_large)
            << "words " << words << " value " << value;
      }
    }
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
