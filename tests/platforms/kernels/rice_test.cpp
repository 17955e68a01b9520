#include <gtest/gtest.h>

#include <algorithm>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

using Plane = std::vector<std::uint32_t>;
using Bytes = std::vector<std::uint8_t>;

// About one in 2^thinning bits set, or all of them for 0.
Plane sparse_plane(std::size_t words, unsigned thinning, Words& random) {
  Plane plane(words, ~std::uint32_t{0});
  for (; thinning > 0; --thinning) {
    for (std::uint32_t& word : plane) word &= random.next();
  }
  return plane;
}

struct Code {
  Bytes remainders;
  Bytes quotients;
};

// From the text of kernels.h, one bit at a time.
Code naive_code(const Plane& plane, unsigned parameter) {
  std::vector<bool> remainders;
  std::vector<bool> quotients;
  std::size_t gap = 0;
  for (std::size_t place = 0; place < 32 * plane.size(); ++place) {
    if (((plane[place / 32] >> (place % 32)) & 1) == 0) {
      ++gap;
      continue;
    }
    for (unsigned bit = 0; bit < parameter; ++bit) remainders.push_back(((gap >> bit) & 1) != 0);
    quotients.insert(quotients.end(), gap >> parameter, false);
    quotients.push_back(true);
    gap = 0;
  }
  const auto bytes_of = [](const std::vector<bool>& bits) {
    Bytes bytes((bits.size() + 7) / 8);
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (bits[i]) bytes[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
    }
    return bytes;
  };
  return {bytes_of(remainders), bytes_of(quotients)};
}

// Buffers are of exactly the promised sizes: a sanitizer sees a byte too many.
Code encode(const Kernels& table, const Plane& plane, unsigned parameter) {
  const auto ones =
      static_cast<std::size_t>(portable_kernels().count_ones(plane.data(), plane.size()));
  const std::size_t zeros = 32 * plane.size() - ones;
  Code code{Bytes((ones * parameter + 7) / 8), Bytes((ones + (zeros >> parameter) + 7) / 8)};
  code.quotients.resize(table.rice_encode(plane.data(), plane.size(), parameter,
                                          code.remainders.data(), code.quotients.data()));
  return code;
}

RiceCode view(const Code& code, unsigned parameter) {
  return {code.remainders.data(), code.remainders.size(), code.quotients.data(),
          code.quotients.size(), parameter};
}

TEST(Rice, IsTheDocumentedStringOfBitsAndDecodesToThePlane) {
  Words random(1);
  for (const Kernels* table : runnable_tables()) {
    for (std::size_t words = 0; words <= 70; ++words) {
      for (unsigned thinning = 0; thinning <= 7; ++thinning) {
        const Plane plane = sparse_plane(words, thinning, random);
        for (const unsigned parameter : {0U, 1U, 2U, 5U, 8U, 13U, 25U, 31U}) {
          const Code code = encode(*table, plane, parameter);
          const Code expected = naive_code(plane, parameter);
          ASSERT_EQ(code.remainders, expected.remainders)
              << table->name << " words " << words << " parameter " << parameter;
          ASSERT_EQ(code.quotients, expected.quotients);
          Plane decoded(words, 0xABCDEF01);
          ASSERT_TRUE(table->rice_decode(view(code, parameter), decoded.data(), words));
          ASSERT_EQ(decoded, plane);
        }
      }
    }
  }
}

TEST(Rice, RoundTripsLargePlanesAndGaps) {
  Words random(2);
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t words : {4099, 250'000}) {
      std::vector<Plane> planes = {Plane(words), Plane(words, ~std::uint32_t{0}), Plane(words)};
      planes.back().back() = 0x8000'0000;  // one gap over everything
      for (const unsigned thinning : {1U, 3U, 6U, 12U}) {
        planes.push_back(sparse_plane(words, thinning, random));
      }
      for (const Plane& plane : planes) {
        for (const unsigned parameter : {0U, 3U, 20U}) {
          const Code code = encode(*table, plane, parameter);
          Plane decoded(words, 1);
          ASSERT_TRUE(table->rice_decode(view(code, parameter), decoded.data(), words));
          ASSERT_EQ(decoded, plane) << table->name << " parameter " << parameter;
        }
      }
    }
  }
}

TEST(Rice, RefusesAPlacePastTheLastWord) {
  Words random(3);
  for (const Kernels* table : runnable_tables()) {
    for (std::size_t words = 1; words <= 40; ++words) {
      for (const unsigned parameter : {0U, 2U, 6U}) {
        Plane plane = sparse_plane(words, 3, random);
        plane.back() |= 1;  // the last word matters
        const Code code = encode(*table, plane, parameter);
        Plane decoded(words);
        EXPECT_TRUE(table->rice_decode(view(code, parameter), decoded.data(), words));
        EXPECT_FALSE(table->rice_decode(view(code, parameter), decoded.data(), words - 1));
      }
    }
    // The largest gap that can be written: no sum may wrap around to a small place.
    const Code far{Bytes(4, 0xFF), [] {
                     Bytes zeros(1000);
                     zeros.back() = 0x80;
                     return zeros;
                   }()};
    Plane plane(10);
    EXPECT_FALSE(table->rice_decode(view(far, 31), plane.data(), plane.size()));
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
