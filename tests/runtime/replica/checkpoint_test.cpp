#include "runtime/replica/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "runtime/replica/fingerprint.h"

namespace psephos {
namespace {

constexpr std::size_t kChunk = 100;  // bytes; the wire's are larger

AlignedVector<float> some_parameters(std::size_t d) {
  AlignedVector<float> x(d);
  for (std::size_t i = 0; i < d; ++i) x[i] = static_cast<float>(i) - 7.25f;
  return x;
}

EncodedSigns some_decision(std::size_t d) {
  PackedSigns signs;
  signs.parameters = d;
  for (std::size_t w = 0; w < word_count(d); ++w) {
    const std::uint32_t voted = valid_bits(w, d) & 0x5A5A5A5B;
    signs.voted.push_back(voted);
    signs.signs.push_back(voted & 0x1234567);
  }
  make_canonical(signs);
  return encode(signs);
}

// As many scales as a model of so many parameters may have tensors, and not always any.
RoundTerms some_terms(std::size_t d) {
  RoundTerms terms{0.0625f, 48, {}};
  for (std::size_t i = 0; i < d % 9; ++i) terms.scales.push_back(0.5f * static_cast<float>(i));
  return terms;
}

Bytes some_checkpoint(std::size_t d, bool with_decision = true) {
  const AlignedVector<float> x = some_parameters(d);
  const EncodedSigns last = some_decision(d);
  return encode_checkpoint(64, x, fingerprint(x), with_decision ? &last : nullptr, some_terms(d));
}

std::uint32_t chunks_of(const Bytes& bytes) {
  return static_cast<std::uint32_t>((bytes.size() + kChunk - 1) / kChunk);
}

std::span<const std::uint8_t> chunk_of(const Bytes& bytes, std::uint32_t chunk) {
  const std::size_t offset = chunk * kChunk;
  return std::span(bytes).subspan(offset, std::min(kChunk, bytes.size() - offset));
}

// Loads chunks 0 .. n-1; what the last one said, or the first error.
Result<bool> load_all(CheckpointLoader& loader, const Bytes& bytes, std::span<float> x) {
  Result<bool> result = false;
  for (std::uint32_t i = 0; i < chunks_of(bytes) && result; ++i) {
    result = loader.load(chunk_of(bytes, i), i, chunks_of(bytes), kChunk, x);
    EXPECT_TRUE(!result || *result == (i + 1 == chunks_of(bytes)));
  }
  return result;
}

TEST(Checkpoint, HeaderSaysWhatWasEncoded) {
  for (const bool with_decision : {true, false}) {
    const Bytes bytes = some_checkpoint(70, with_decision);
    const auto header = read_checkpoint_header(bytes, 70);
    ASSERT_TRUE(header) << header.error().text;
    EXPECT_EQ(header->round, 64u);
    EXPECT_EQ(header->parameters, 70u);
    EXPECT_EQ(header->fingerprint, fingerprint(some_parameters(70)));
    EXPECT_EQ(header->encoding, with_decision ? Encoding::kTernary : Encoding::kNone);
    EXPECT_EQ(header->planes_bytes, with_decision ? some_decision(70).planes.size() : 0u);
    EXPECT_EQ(header->local_lr, 0.0625f);
    EXPECT_EQ(header->batch, 48u);
    EXPECT_EQ(header->scales, some_terms(70).scales.size());
    EXPECT_EQ(header->total_bytes(), bytes.size());
  }
}

TEST(Checkpoint, HeaderOfAnotherFormatVersionModelOrLengthIsRefused) {
  const Bytes good = some_checkpoint(70);
  ASSERT_TRUE(read_checkpoint_header(good, 70));
  EXPECT_FALSE(read_checkpoint_header(good, 71));
  EXPECT_FALSE(read_checkpoint_header(std::span(good).first(kCheckpointHeader - 1), 70));
  EXPECT_FALSE(read_checkpoint_header({}, 70));
  const auto refused = [&good](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return !read_checkpoint_header(bytes, 70);
  };
  EXPECT_TRUE(refused(0, 'Q'));
  EXPECT_TRUE(refused(4, 1)) << "a format without terms";
  EXPECT_TRUE(refused(4, 3));
  EXPECT_TRUE(refused(12, 71));
  EXPECT_TRUE(refused(16, 3)) << "an encoding that no checkpoint has";
  EXPECT_TRUE(refused(23, 1)) << "planes of sixteen megabytes";
  EXPECT_TRUE(refused(35, 0xBD)) << "a negative local rate";
  EXPECT_TRUE(refused(36, 0)) << "a batch of no samples";
  EXPECT_TRUE(refused(38, 2)) << "a batch of 131120 samples";
  EXPECT_TRUE(refused(41, 2)) << "519 scales";
}

TEST(CheckpointLoader, PutsEveryChunkWhereItBelongs) {
  // Chunk edges within the header's neighbourhood, the parameters and the planes.
  for (const std::size_t d : {1u, 16u, 17u, 18u, 42u, 70u, 1000u, 2049u}) {
    for (const bool with_decision : {true, false}) {
      const Bytes bytes = some_checkpoint(d, with_decision);
      AlignedVector<float> x(d, -1);
      CheckpointLoader loader;
      const auto loaded = load_all(loader, bytes, x);
      ASSERT_TRUE(loaded) << loaded.error().text;
      EXPECT_TRUE(*loaded);
      EXPECT_EQ(x, some_parameters(d));
      EXPECT_EQ(loader.header().round, 64u);
      EXPECT_EQ(loader.terms(), some_terms(d));
    }
  }
}

TEST(CheckpointLoader, BringsTheLastDecisionIfThereWasOne) {
  CheckpointLoader loader;
  AlignedVector<float> x(70);
  for (const bool with_decision : {true, false, true}) {
    const Bytes bytes = some_checkpoint(70, with_decision);
    ASSERT_TRUE(*load_all(loader, bytes, x));
    ASSERT_EQ(loader.last_decision().has_value(), with_decision);
    if (with_decision) {
      EXPECT_EQ(encode(*loader.last_decision()).planes, some_decision(70).planes);
    }
  }
}

TEST(CheckpointLoader, OverwritesInPlaceChunkByChunk) {
  const Bytes bytes = some_checkpoint(70);
  AlignedVector<float> x(70, -1);
  CheckpointLoader loader;
  ASSERT_TRUE(loader.load(chunk_of(bytes, 0), 0, chunks_of(bytes), kChunk, x));
  EXPECT_EQ(x[13], some_parameters(70)[13]);
  EXPECT_EQ(x[14], -1) << "14 floats stand in the first hundred bytes";
}

TEST(CheckpointLoader, AnythingOutOfOrderMeansToBeginAgain) {
  const Bytes bytes = some_checkpoint(200);
  const std::uint32_t chunks = chunks_of(bytes);
  ASSERT_GE(chunks, 5u);
  Bytes spoilt_header(chunk_of(bytes, 0).begin(), chunk_of(bytes, 0).end());
  spoilt_header[0] = 'Q';
  AlignedVector<float> x(200);
  const auto load = [&](CheckpointLoader& loader, std::uint32_t i) {
    return loader.load(chunk_of(bytes, i), i, chunks, kChunk, x);
  };
  const std::vector<std::function<Result<bool>(CheckpointLoader&)>> offences = {
      [&](CheckpointLoader& loader) { return load(loader, 3); },  // one was left out
      [&](CheckpointLoader& loader) { return load(loader, 1); },  // one comes again
      [&](CheckpointLoader& loader) {
        return loader.load(chunk_of(bytes, 2).first(99), 2, chunks, kChunk, x);
      },
      [&](CheckpointLoader& loader) {
        return loader.load(chunk_of(bytes, 2), 2, 3, kChunk, x);  // the last one, it says
      },
      [&](CheckpointLoader& loader) { return loader.load(spoilt_header, 0, chunks, kChunk, x); },
      [&](CheckpointLoader& loader) { return loader.load({}, 2, chunks, kChunk, x); },
  };
  for (std::size_t i = 0; i < offences.size(); ++i) {
    CheckpointLoader loader;
    EXPECT_FALSE(load(loader, 1)) << "not without a beginning";
    ASSERT_TRUE(load(loader, 0));
    ASSERT_TRUE(load(loader, 1));
    EXPECT_FALSE(offences[i](loader)) << "offence " << i;
    EXPECT_FALSE(load(loader, 2)) << "after offence " << i;
    EXPECT_TRUE(*load_all(loader, bytes, x)) << "after offence " << i;
  }
}

TEST(CheckpointLoader, ACompleteOneIsNotContinued) {
  const Bytes bytes = some_checkpoint(70);
  const std::uint32_t chunks = chunks_of(bytes);
  AlignedVector<float> x(70);
  CheckpointLoader loader;
  ASSERT_TRUE(load_all(loader, bytes, x));
  EXPECT_FALSE(loader.load({}, chunks, chunks + 1, kChunk, x));
  EXPECT_FALSE(loader.load(chunk_of(bytes, chunks - 1), chunks - 1, chunks, kChunk, x));
}

TEST(CheckpointLoader, ALongerOrShorterWholeThanTheHeaderSaysIsRefused) {
  for (const int change : {-1, 1, 100}) {
    Bytes bytes = some_checkpoint(70);
    bytes.resize(bytes.size() + static_cast<std::size_t>(change));
    AlignedVector<float> x(70);
    CheckpointLoader loader;
    EXPECT_FALSE(load_all(loader, bytes, x));
  }
}

TEST(CheckpointLoader, PlanesOfTheLastDecisionAreChecked) {
  Bytes bytes = some_checkpoint(70);
  AlignedVector<float> x(70);
  CheckpointLoader loader;
  bytes[bytes.size() - 4 * some_terms(70).scales.size() - 1] |= 0x80;  // a spare bit
  EXPECT_FALSE(load_all(loader, bytes, x));
  bytes = some_checkpoint(70);
  bytes[16] = static_cast<std::uint8_t>(Encoding::kNone);
  EXPECT_FALSE(load_all(loader, bytes, x)) << "planes of nothing";
  bytes[16] = static_cast<std::uint8_t>(Encoding::kBinary);
  EXPECT_FALSE(load_all(loader, bytes, x));
  EXPECT_TRUE(*load_all(loader, some_checkpoint(70), x));
}

TEST(CheckpointLoader, ScalesAreChecked) {
  for (const std::uint32_t bad : {0xBF800000u, 0x7F800000u, 0x7FC00000u}) {  // -1, inf, nan
    Bytes bytes = some_checkpoint(70);
    std::memcpy(bytes.data() + bytes.size() - sizeof bad, &bad, sizeof bad);
    AlignedVector<float> x(70);
    CheckpointLoader loader;
    const auto loaded = load_all(loader, bytes, x);
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().text.find("scale 6"), std::string::npos) << loaded.error().text;
  }
}

// Hostile bytes in hostile order: never past x, never a crash, and true only for whole checkpoints.
TEST(CheckpointLoader, NoBytesInNoOrderWriteBesideTheParameters) {
  constexpr std::size_t kD = 120;
  constexpr std::size_t kGuard = 64;
  std::mt19937_64 random(7);
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const Bytes good = some_checkpoint(kD);
  const std::uint32_t chunks = chunks_of(good);
  AlignedVector<float> memory(kD + 2 * kGuard, 12345.0f);
  const std::span<float> x = std::span(memory).subspan(kGuard, kD);
  CheckpointLoader loader;
  int completed = 0;
  std::uint32_t next = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::uint32_t number = below(8) == 0 ? static_cast<std::uint32_t>(below(chunks + 2)) : next;
    std::uint32_t of = chunks;
    Bytes bytes;
    if (number < chunks) bytes.assign(chunk_of(good, number).begin(), chunk_of(good, number).end());
    switch (below(12)) {
      case 0:
        bytes.resize(below(300));
        break;
      case 1:
        if (!bytes.empty()) bytes[below(bytes.size())] = static_cast<std::uint8_t>(random());
        break;
      case 2:
        of = static_cast<std::uint32_t>(random());
        break;
      case 3:
        number = static_cast<std::uint32_t>(random() >> below(64));
        break;
      case 4:
        bytes.assign(below(300), static_cast<std::uint8_t>(random()));
        break;
      default:
        break;
    }
    const auto result = loader.load(bytes, number, of, kChunk, x);
    next = result && !*result ? number + 1 : 0;
    if (result && *result) ++completed;
  }
  EXPECT_GT(completed, 100) << "the good way has to be among those tried";
  for (std::size_t i = 0; i < kGuard; ++i) {
    ASSERT_EQ(memory[i], 12345.0f);
    ASSERT_EQ(memory[kGuard + kD + i], 12345.0f);
  }
}

}  // namespace
}  // namespace psephos
