#include "client/state/client_state.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "runtime/replica/checkpoint.h"
#include "tests/client/state/some_state.h"
#include "tests/client/state/state_bytes.h"

namespace psephos::client::testing {
namespace {

TEST(ClientState, ComesBackAsItWas) {
  for (const std::size_t parameters : {1u, 31u, 43u, 1500u, 70'000u}) {
    for (unsigned parts = 0; parts < 8; ++parts) {
      const ClientState state =
          some_state({parameters, 7, (parts & 1) != 0, (parts & 2) != 0, (parts & 4) != 0});
      const Bytes bytes = encode_state(state);
      EXPECT_LE(bytes.size(), max_state_bytes(parameters));
      const auto again = decode_state(bytes);
      ASSERT_TRUE(again) << again.error().text;
      expect_same(*again, state);
      EXPECT_EQ(encode_state(*again), bytes);
    }
  }
}

TEST(ClientState, AKeyAloneComesBackToo) {
  const ClientState state{{0xFFFFFFFF, 7}, {}};
  const auto again = decode_state(encode_state(state));
  ASSERT_TRUE(again) << again.error().text;
  expect_same(*again, state);
}

TEST(ClientState, ABallotThatSaysNothingIsABallot) {
  ClientState state = some_state({.ballot = false});
  state.run->standing.ballot = std::make_shared<const BallotContent>();
  const auto again = decode_state(encode_state(state));
  ASSERT_TRUE(again) << again.error().text;
  ASSERT_TRUE(again->run->standing.ballot);
  EXPECT_EQ(again->run->standing.ballot->votes.encoding, Encoding::kNone);
}

// Changing one of these means another kStateVersion.
TEST(ClientState, ItsBytesArePinned) {
  EXPECT_EQ(encode_state({{1, 2}, {}}),
            psephos::testing::bytes_of(
                "5053504853544154020000000000000060000000000000000100000002000000"
                "0000000000000000000000000000000000000000000000000000000000000000"
                "00000000000000000000000000000000eab159a036a2d1e7a561f24e6a3acd9e"));
  const Bytes whole = encode_state(some_state());
  EXPECT_EQ(whole.size(), 561u);
  EXPECT_EQ(Bytes(whole.end() - kChecksum, whole.end()),
            psephos::testing::bytes_of("a5b9328b8d248e7e7a1fb70a44ab414a"));
}

TEST(ClientState, EveryFlippedBitIsNoticed) {
  for (const ClientState& state :
       {some_state(), some_state({.last = false, .momentum = false, .ballot = false}),
        ClientState{{1, 2}, {}}}) {
    Bytes bytes = encode_state(state);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      const auto mask = static_cast<std::uint8_t>(1u << (bit % 8));
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
      ASSERT_NE(refusal(bytes), "") << "bit " << bit;
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
    }
    EXPECT_EQ(refusal(bytes), "");
  }
}

TEST(ClientState, EveryFlippedByteOfALargeStateIsNoticed) {
  Bytes bytes = encode_state(some_state({.parameters = 7850}));
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(~byte);
    ASSERT_NE(refusal(bytes), "") << "byte " << &byte - bytes.data();
    byte = static_cast<std::uint8_t>(~byte);
  }
}

TEST(ClientState, EveryTruncationAndEveryAdditionIsNoticed) {
  const Bytes bytes = encode_state(some_state());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_NE(refusal(std::span(bytes).first(size)), "") << size << " bytes";
    if (size >= kHeader + kChecksum) {
      // Nor is it one that was cut and mended.
      ASSERT_NE(refusal(with_checksum({bytes.begin(), bytes.begin() + static_cast<int>(size)})), "")
          << size << " bytes";
    }
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_NE(refusal(longer), "");
}

TEST(ClientState, AnotherVersionIsRefusedInWordsBeforeAnythingElseIsRead) {
  Bytes bytes = encode_state(some_state());
  bytes[8] = 3;
  EXPECT_NE(refusal(bytes).find("version 3"), std::string::npos);
  EXPECT_NE(refusal(bytes).find("newer Psephos"), std::string::npos);
}

TEST(ClientState, WhatIsNoStateAtAllIsToldFromADamagedOne) {
  EXPECT_NE(refusal(Bytes(200, 7)).find("not the state of a client"), std::string::npos);
  EXPECT_NE(refusal({}).find("not the state of a client"), std::string::npos);
  Bytes bytes = encode_state(some_state());
  bytes.resize(bytes.size() - 9);
  EXPECT_NE(refusal(bytes).find("cut short"), std::string::npos);
}

// With a right checksum: a program that is not ours, or a bug of ours.
TEST(ClientState, PartsThatDoNotGoTogetherAreRefused) {
  using Change = std::function<void(Bytes&)>;
  const auto set = [](std::size_t at, auto value) -> Change {
    return [=](Bytes& bytes) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  };
  const std::size_t x = kHeader + kCheckpointHeader;
  const Bytes whole = encode_state(some_state());
  std::uint32_t checkpoint = 0;
  std::memcpy(&checkpoint, whole.data() + 52, 4);
  const std::vector<Change> changes = {
      set(12, std::uint32_t{42}),          // d
      set(12, std::uint32_t{0}),           // a key alone, with a replica
      set(12, std::uint32_t{0xFFFFFFFF}),  // more than there can be
      set(32, std::uint64_t{0}),           // no run
      set(52, checkpoint - 4),             // sizes that do not add up
      set(52, std::uint32_t{0xFFFFFFFF}),
      set(56, std::uint32_t{42}),  // rules of another size
      set(60, std::uint8_t{2}),    // two ballots
      set(60, std::uint8_t{0}),    // no ballot, with planes
      set(61, std::uint8_t{3}),    // encoded as a change
      set(61, std::uint8_t{9}),    // or as nobody knows what
      set(62, std::uint16_t{1}),   // what has no meaning yet
      set(68, std::numeric_limits<float>::quiet_NaN()),
      set(76, std::uint32_t{1}),                         // another number of scales
      set(kHeader, std::uint8_t{0}),                     // not a checkpoint
      set(x, 99.0f),                                     // whose fingerprint is another
      set(kHeader + checkpoint, std::uint32_t{2}),       // vectors that rules remember
      set(kHeader + checkpoint + 4, std::uint8_t{200}),  // a name longer than all of it
      set(kHeader + checkpoint + 5, '\n'),
      set(kHeader + checkpoint + 25, std::numeric_limits<float>::infinity()),  // momentum
      set(whole.size() - kChecksum - 12 - 1, std::uint8_t{0xFF}),              // planes
      set(whole.size() - kChecksum - 4, -1.0f),                                // a scale
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Bytes bytes = whole;
    changes[i](bytes);
    EXPECT_NE(refusal(with_checksum(std::move(bytes))).find("do not go together"),
              std::string::npos)
        << "change " << i;
  }
}

TEST(ClientState, TensorsAreToldApartByEverythingTheyAre) {
  const TensorTable tensors = {{"a", 0, 10, 0.5f}, {"b", 10, 2, 0}};
  const std::vector<TensorTable> others = {
      {{"a", 0, 10, 0.5f}},
      {{"a", 0, 2, 0.5f}, {"b", 2, 10, 0}},
      {{"a", 0, 10, 0.25f}, {"b", 10, 2, 0}},
      {{"b", 0, 10, 0.5f}, {"a", 10, 2, 0}},
  };
  EXPECT_EQ(tensors_hash(tensors), tensors_hash(TensorTable(tensors)));
  for (const TensorTable& other : others) EXPECT_NE(tensors_hash(other), tensors_hash(tensors));
}

}  // namespace
}  // namespace psephos::client::testing
