// tests/vectors/client_states_format_1.txt has states that the last release with that format wrote.

#include "client/state/state_format_1.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/state/state_file.h"
#include "tests/client/state/some_state.h"
#include "tests/client/state/state_bytes.h"
#include "tests/runtime/base/memory_disk.h"

namespace psephos::client::testing {
namespace {

constexpr std::size_t kCheckpoint = 32;  // its header

Bytes written(const std::string& name) {
  for (const auto& words : psephos::testing::vector_lines("client_states_format_1.txt")) {
    if (words.at(0) == name) return psephos::testing::bytes_of(words.at(1));
  }
  ADD_FAILURE() << name << " is not there";
  return {};
}

// What these states were written from.
ClientState meant(bool momentum) {
  ClientState state = some_state({.momentum = momentum});
  state.run->terms = {};
  auto ballot = std::make_shared<BallotContent>(*state.run->standing.ballot);
  ballot->scales.clear();
  state.run->standing.ballot = std::move(ballot);
  return state;
}

TEST(StateFormat1, IsReadWithSecretSeedMomentumAndBallot) {
  const auto state = decode_state(written("whole"));
  ASSERT_TRUE(state) << state.error().text;
  expect_same(*state, meant(true));
  ASSERT_EQ(state->run->rules.size(), 1u);
  EXPECT_EQ(state->run->rules[0].name, "signum.momentum");
  EXPECT_EQ(state->run->terms, RoundTerms{});
  EXPECT_TRUE(state->run->terms.scales.empty());
}

TEST(StateFormat1, WithoutAMomentumNoRuleRemembersAnything) {
  const Bytes bytes = written("without-momentum");
  const auto state = decode_state(bytes);
  ASSERT_TRUE(state) << state.error().text;
  EXPECT_TRUE(state->run->rules.empty());
  EXPECT_EQ(state->run->x, some_state().run->x);
}

TEST(StateFormat1, AKeyAloneIsRead) {
  const auto state = decode_state(written("key-alone"));
  ASSERT_TRUE(state) << state.error().text;
  expect_same(*state, ClientState{{1, 2}, {}});
}

TEST(StateFormat1, WrittenAgainItIsOfTheNewFormatAndTheSame) {
  const auto state = decode_state(written("whole"));
  ASSERT_TRUE(state) << state.error().text;
  const Bytes again = encode_state(*state);
  EXPECT_EQ(again[8], kStateVersion);
  const auto read = decode_state(again);
  ASSERT_TRUE(read) << read.error().text;
  expect_same(*read, *state);
}

TEST(StateFormat1, EveryFlippedBitIsNoticed) {
  for (const char* name : {"whole", "without-momentum", "key-alone"}) {
    Bytes bytes = written(name);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      const auto mask = static_cast<std::uint8_t>(1u << (bit % 8));
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
      ASSERT_NE(refusal(bytes), "") << name << ", bit " << bit;
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
    }
    EXPECT_EQ(refusal(bytes), "");
  }
}

TEST(StateFormat1, EveryTruncationAndEveryAdditionIsNoticed) {
  const Bytes bytes = written("whole");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Bytes torn(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_NE(refusal(torn), "") << size << " bytes";
    if (size < kHeader + kChecksum) continue;
    // Nor is it one that was cut and mended.
    const std::uint64_t total = size;
    std::memcpy(torn.data() + 16, &total, sizeof total);
    ASSERT_NE(refusal(with_checksum(std::move(torn))), "") << size << " bytes";
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_NE(refusal(longer).find("cut short or damaged"), std::string::npos);
}

// With a right checksum: a program that is not ours, or a bug of ours.
TEST(StateFormat1, PartsThatDoNotGoTogetherAreRefused) {
  using Change = std::function<void(Bytes&)>;
  const auto set = [](std::size_t at, auto value) -> Change {
    return [=](Bytes& bytes) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  };
  const Bytes whole = written("whole");
  std::uint32_t checkpoint = 0;
  std::memcpy(&checkpoint, whole.data() + 52, 4);
  const std::vector<Change> changes = {
      set(8, kStateVersion),               // the bytes of one format as the other
      set(12, std::uint32_t{42}),          // d
      set(12, std::uint32_t{0}),           // a key alone, with a replica
      set(12, std::uint32_t{0xFFFFFFFF}),  // more than there can be
      set(32, std::uint64_t{0}),           // no run
      set(52, checkpoint - 4),             // sizes that do not add up
      set(52, checkpoint + 4),
      set(52, std::uint32_t{0}),
      set(52, std::uint32_t{0xFFFFFFFF}),
      set(56, std::uint32_t{0}),  // no momentum, with a momentum
      set(56, std::uint32_t{42}),
      set(56, std::uint32_t{0xFFFFFFFF}),
      set(60, std::uint8_t{2}),   // two ballots
      set(60, std::uint8_t{0}),   // no ballot, with planes
      set(61, std::uint8_t{3}),   // encoded as a change
      set(61, std::uint8_t{9}),   // or as nobody knows what
      set(62, std::uint16_t{1}),  // what had no meaning
      set(64, std::uint32_t{0xFFFFFFFF}),
      set(68, std::numeric_limits<float>::quiet_NaN()),
      set(76, std::uint32_t{1}),
      set(kHeader, std::uint8_t{0}),                      // not a checkpoint
      set(kHeader + 4, std::uint32_t{2}),                 // or not of that time
      set(kHeader + 12, std::uint32_t{42}),               // of another model
      set(kHeader + 16, std::uint8_t{0}),                 // no last decision, with planes
      set(kHeader + 16, std::uint8_t{3}),                 // a change from nothing
      set(kHeader + 20, std::uint32_t{0}),                // without planes
      set(kHeader + 20, std::uint32_t{0xFFFF}),           // with more than there are
      set(kHeader + kCheckpoint, 99.0f),                  // whose fingerprint is another
      set(kHeader + checkpoint - 1, std::uint8_t{0xFF}),  // the last decision's planes
      set(kHeader + checkpoint, std::numeric_limits<float>::infinity()),  // momentum
      set(whole.size() - kChecksum - 1, std::uint8_t{0xFF}),              // the ballot's planes
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Bytes bytes = whole;
    changes[i](bytes);
    EXPECT_NE(refusal(with_checksum(std::move(bytes))).find("do not go together"),
              std::string::npos)
        << "change " << i;
  }
}

TEST(StateFormat1, AClientGoesOnFromSuchAFileAndNeverReplacesItsSeed) {
  psephos::testing::MemoryDisk disk;
  disk.put("a.state", written("whole"));
  StateFile file(disk, "a.state", 1000);
  auto opened = file.open({}, PhiloxKey{91, 92});
  ASSERT_TRUE(opened) << opened.error().text;
  expect_same(opened->state, meant(true));
  ASSERT_EQ(opened->notes.size(), 1u);
  EXPECT_NE(opened->notes[0].find("round 7"), std::string::npos);
  EXPECT_EQ(disk.contents("a.state"), written("whole")) << "only read";

  ASSERT_TRUE(file.keep(opened->state));
  EXPECT_EQ(disk.contents("a.state"), encode_state(opened->state));
  EXPECT_EQ(disk.names(), std::vector<std::string>{"a.state"}) << "nothing was set aside";
}

TEST(StateFormat1, ADamagedFileIsSetAsideAndTheClientSaysSo) {
  Bytes damaged = written("whole");
  damaged[200] ^= 1;
  psephos::testing::MemoryDisk disk;
  disk.put("a.state", damaged);
  const auto opened = StateFile(disk, "a.state", 1000).open({}, PhiloxKey{91, 92});
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_EQ(opened->state.key, (PhiloxKey{91, 92}));
  ASSERT_EQ(opened->notes.size(), 1u);
  EXPECT_NE(opened->notes[0].find("damaged"), std::string::npos);
  EXPECT_EQ(disk.contents("a.state.bad"), damaged);
}

}  // namespace
}  // namespace psephos::client::testing
