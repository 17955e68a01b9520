#include "runtime/report/npy.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace psephos {
namespace {

// Bytes 8 and 9: length of the dictionary, little-endian.
std::size_t header_bytes(const std::string& npy) {
  return 10u + static_cast<std::uint8_t>(npy[8]) + 256u * static_cast<std::uint8_t>(npy[9]);
}

TEST(Npy, OpensWithMagicAndVersionOne) {
  EXPECT_EQ(npy_bytes({}).substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
}

TEST(Npy, HoldsTheDictionaryThatNumpyWrites) {
  const std::vector<float> values(3);
  const std::string npy = npy_bytes(values);
  EXPECT_EQ(npy.substr(10, 58), "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } ");
  EXPECT_EQ(npy[header_bytes(npy) - 1], '\n');
}

TEST(Npy, ValuesStartAtAMultipleOf64WhateverTheCountsDigits) {
  for (const std::size_t count : {0u, 1u, 9u, 10u, 99u, 100u, 1000u, 10'000u, 100'000u}) {
    const std::vector<float> values(count, 1.0f);
    const std::string npy = npy_bytes(values);
    EXPECT_EQ(header_bytes(npy) % 64, 0u) << count;
    EXPECT_EQ(npy.size(), header_bytes(npy) + 4 * count) << count;
    const std::string shape = "'shape': (" + std::to_string(count) + ",), }";
    EXPECT_NE(npy.substr(0, header_bytes(npy)).find(shape), std::string::npos) << count;
  }
}

TEST(Npy, ValuesAreLittleEndianFloats) {
  const std::vector<float> values = {1.0f, -2.5f};
  const std::string npy = npy_bytes(values);
  const std::string expected("\x00\x00\x80\x3f\x00\x00\x20\xc0", 8);
  EXPECT_EQ(npy.substr(header_bytes(npy)), expected);
}

}  // namespace
}  // namespace psephos
