#include "runtime/signs/slot_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "runtime/base/philox.h"

namespace psephos {
namespace {

using Slots = std::vector<std::uint32_t>;

std::uint32_t draw(std::uint32_t seed, std::uint64_t index) {
  return philox_word({seed, 9}, 0, Purpose::kFault, index);
}

Slots random_slots(std::uint32_t given, std::uint32_t permille, std::uint32_t seed) {
  Slots slots;
  for (std::uint32_t slot = 0; slot < given; ++slot) {
    if (below(draw(seed, slot), 1000) < permille) slots.push_back(slot);
  }
  return slots;
}

void expect_refused(const Bytes& bytes, std::uint32_t given, const std::string& part) {
  const auto slots = decode_slots(bytes, given);
  ASSERT_FALSE(slots.ok());
  EXPECT_NE(slots.error().text.find(part), std::string::npos) << slots.error().text;
}

TEST(SlotCodec, EveryListComesBack) {
  for (const std::uint32_t given : {1u, 2u, 31u, 32u, 33u, 64u, 100u, 1023u, 1025u, 10'000u}) {
    for (const std::uint32_t permille : {0u, 1u, 10u, 100u, 500u, 900u, 1000u}) {
      const Slots slots = random_slots(given, permille, given + permille);
      const Bytes bytes = encode_slots(slots, given);
      const auto read = decode_slots(bytes, given);
      ASSERT_TRUE(read.ok()) << read.error().text;
      EXPECT_EQ(*read, slots) << given << " " << permille;
    }
  }
}

TEST(SlotCodec, NoSlotsAreNoBytes) {
  EXPECT_TRUE(encode_slots({}, 0).empty());
  EXPECT_TRUE(encode_slots({}, kMaxSlots).empty());
  EXPECT_TRUE(decode_slots({}, 0)->empty());
  EXPECT_TRUE(decode_slots({}, kMaxSlots)->empty());
  expect_refused({0, 0, 0, 0}, 100, "no slots");
  expect_refused({0, 0, 0, 0}, 0, "no slots");
}

TEST(SlotCodec, ASessionsLargestListsComeBack) {
  for (const std::uint32_t permille : {1u, 500u}) {
    const Slots slots = random_slots(kMaxSlots, permille, permille);
    const Bytes bytes = encode_slots(slots, kMaxSlots);
    EXPECT_LE(bytes.size(), kMaxSlots / 8 + 8);
    const auto read = decode_slots(bytes, kMaxSlots);
    ASSERT_TRUE(read.ok()) << read.error().text;
    EXPECT_EQ(*read, slots);
  }
  expect_refused({}, kMaxSlots + 1, "are the most");
}

TEST(SlotCodec, NothingElseIsRead) {
  const Slots slots = {3, 50, 69};
  const Bytes good = encode_slots(slots, 70);
  ASSERT_EQ(*decode_slots(good, 70), slots);
  expect_refused(good, 69, "slot 69 of 69");
  expect_refused(good, 2, "3 places set, of 2");
  Bytes longer = good;
  longer.push_back(0);
  expect_refused(longer, 70, "1 bytes follow");
  for (std::size_t size = 1; size < good.size(); ++size) {
    EXPECT_FALSE(decode_slots(std::span(good).first(size), 70).ok()) << size;
  }
}

// Canonical: what is read from anybody is what would have been written.
TEST(SlotCodec, WhateverIsReadIsWrittenAsItWas) {
  std::uint64_t next = 0;
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::uint32_t given = below(draw(1, next++), 200);
    const Slots slots = random_slots(given, 100, static_cast<std::uint32_t>(i));
    Bytes bytes = encode_slots(slots, given);
    if (bytes.empty()) bytes.resize(below(draw(1, next++), 12));
    for (std::uint32_t turns = below(draw(1, next++), 3); turns > 0 && !bytes.empty(); --turns) {
      const std::uint32_t at = below(draw(1, next++), static_cast<std::uint32_t>(bytes.size()));
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << below(draw(1, next++), 8)));
    }
    const auto found = decode_slots(bytes, given);
    if (!found) continue;
    ++read;
    EXPECT_TRUE(std::ranges::is_sorted(*found, std::less_equal<>{}));
    EXPECT_EQ(encode_slots(*found, given), bytes);
  }
  EXPECT_GT(read, 1000);
}

TEST(SlotCodecDeathTest, SlotsOutOfOrderAreOurMistake) {
  EXPECT_DEATH((void)encode_slots(Slots{4, 4}, 10), "ascending");
  EXPECT_DEATH((void)encode_slots(Slots{4, 10}, 10), "ascending");
  EXPECT_DEATH((void)encode_slots({}, kMaxSlots + 1), "no more slots");
}

}  // namespace
}  // namespace psephos
