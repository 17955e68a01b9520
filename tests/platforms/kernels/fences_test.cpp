#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>

#include "tests/platforms/kernels/naive.h"

// Kernels touch nothing outside their spans and need no particular alignment: here every buffer
// lies against a page that may not be touched, where a sanitizer does not reach (another processor,
// under emulation) as well as where it does.

namespace psephos::kernels::testing {
namespace {

enum class Side { kBehindFence, kBeforeFence };

// A copy of `values` that starts right behind a forbidden page or, at whatever address that gives,
// ends right before one.
template <class T>
class Fenced {
 public:
  Fenced(const std::vector<T>& values, Side side) : size_(values.size()) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = size_ * sizeof(T);
    const std::size_t inside = (bytes + page - 1) / page * page;
    mapped_ = inside + 2 * page;
    void* memory = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    start_ = static_cast<std::byte*>(memory);
    if (inside > 0 && mprotect(start_ + page, inside, PROT_READ | PROT_WRITE) != 0) {
      throw std::bad_alloc();
    }
    const std::size_t offset = side == Side::kBehindFence ? page : page + inside - bytes;
    data_ = reinterpret_cast<T*>(start_ + offset);
    std::copy(values.begin(), values.end(), data_);
  }
  ~Fenced() { munmap(start_, mapped_); }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;

  T* data() { return data_; }
  std::vector<T> values() const { return std::vector<T>(data_, data_ + size_); }

 private:
  std::size_t size_;
  std::size_t mapped_;
  std::byte* start_;
  T* data_;
};

using Floats = Fenced<float>;
using Plane = Fenced<std::uint32_t>;

constexpr CoinAddress kCoins{{5, 6}, 7, 8};
constexpr std::size_t kSizes[] = {0,  1,  3,    4,    5,    31,   32,   33,   130,
                                  63, 64, 1000, 1023, 1024, 1025, 1026, 2048, 3003};

// Runs `check` for every table and size, with buffers on either side of the fences.
void for_every_place(
    const std::function<void(const Kernels&, std::size_t d, Side a, Side b)>& check) {
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t d : kSizes) {
      for (const Side a : {Side::kBehindFence, Side::kBeforeFence}) {
        for (const Side b : {Side::kBehindFence, Side::kBeforeFence}) {
          SCOPED_TRACE(::testing::Message() << table->name << " d=" << d);
          check(*table, d, a, b);
          if (::testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

TEST(Fences, StopNoPacking) {
  for_every_place([](const Kernels& table, std::size_t d, Side a, Side b) {
    const std::vector<std::uint32_t> blank(naive_words(d), 0xA5A5A5A5);
    std::vector<float> v = awkward_floats(d, d);
    std::vector<std::uint32_t> expected = blank;
    std::vector<std::uint32_t> expected_voted = blank;
    Floats from(v, a);
    Plane signs(blank, b);
    Plane voted(blank, a);

    portable_kernels().pack_bits(v.data(), d, expected.data());
    table.pack_bits(from.data(), d, signs.data());
    EXPECT_EQ(signs.values(), expected);

    portable_kernels().pack_signs(v.data(), d, kCoins, expected.data());
    table.pack_signs(from.data(), d, kCoins, signs.data());
    EXPECT_EQ(signs.values(), expected);

    portable_kernels().pack_threshold(v.data(), d, 0.1F, expected.data(), expected_voted.data());
    table.pack_threshold(from.data(), d, 0.1F, signs.data(), voted.data());
    EXPECT_EQ(signs.values(), expected);
    EXPECT_EQ(voted.values(), expected_voted);

    const std::vector<float> g = awkward_floats(d, d + 1);
    Floats gradient(g, b);
    portable_kernels().signum(v.data(), g.data(), d, 0.9F, kCoins, expected.data());
    table.signum(from.data(), gradient.data(), d, 0.9F, kCoins, signs.data());
    EXPECT_EQ(signs.values(), expected);
    EXPECT_EQ(bits_of(from.values()), bits_of(v));
  });
}

TEST(Fences, StopNoStochasticPacking) {
  for_every_place([](const Kernels& table, std::size_t d, Side a, Side b) {
    const std::vector<std::uint32_t> blank(naive_words(d), 0xA5A5A5A5);
    const std::vector<float> v = awkward_floats(d, d);
    std::vector<std::uint32_t> expected = blank;
    std::vector<std::uint32_t> expected_voted = blank;
    Floats from(v, a);
    Plane signs(blank, b);
    Plane voted(blank, a);
    portable_kernels().pack_stochastic_ternary(v.data(), 0, d, 0.5F, kCoins, expected.data(),
                                               expected_voted.data());
    table.pack_stochastic_ternary(from.data(), 0, d, 0.5F, kCoins, signs.data(), voted.data());
    EXPECT_EQ(signs.values(), expected);
    EXPECT_EQ(voted.values(), expected_voted);

    portable_kernels().pack_stochastic_sign(v.data(), 0, d, 0.5F, kCoins, expected.data());
    table.pack_stochastic_sign(from.data(), 0, d, 0.5F, kCoins, signs.data());
    EXPECT_EQ(signs.values(), expected);
  });
}

TEST(Fences, StopNoRiceCodes) {
  using Bytes = std::vector<std::uint8_t>;
  for_every_place([](const Kernels& table, std::size_t words, Side a, Side b) {
    Words random(words);
    const std::vector<std::uint32_t> some = random_plane(words, random);
    const auto count = static_cast<std::size_t>(portable_kernels().count_ones(some.data(), words));
    for (const unsigned parameter : {0U, 1U, 7U}) {
      Bytes remainders((count * parameter + 7) / 8);
      Bytes quotients((count + ((32 * words - count) >> parameter) + 7) / 8);
      Plane bits(some, a);
      Fenced<std::uint8_t> fenced_remainders(remainders, b);
      Fenced<std::uint8_t> fenced_quotients(quotients, a);
      const std::size_t used = portable_kernels().rice_encode(some.data(), words, parameter,
                                                              remainders.data(), quotients.data());
      EXPECT_EQ(table.rice_encode(bits.data(), words, parameter, fenced_remainders.data(),
                                  fenced_quotients.data()),
                used);
      EXPECT_EQ(fenced_remainders.values(), remainders);
      EXPECT_EQ(fenced_quotients.values(), quotients);

      // What is decoded ends where its bytes do.
      quotients.resize(used);
      Fenced<std::uint8_t> string(quotients, b);
      Plane decoded(std::vector<std::uint32_t>(words, 1), b);
      const RiceCode code{fenced_remainders.data(), remainders.size(), string.data(), used,
                          parameter};
      EXPECT_TRUE(table.rice_decode(code, decoded.data(), words));
      EXPECT_EQ(decoded.values(), some);
    }
  });
}

TEST(Fences, StopNoTrits) {
  for_every_place([](const Kernels& table, std::size_t words, Side a, Side b) {
    Words random(words);
    const std::vector<std::uint32_t> voted_words = random_plane(words, random);
    std::vector<std::uint32_t> sign_words = random_plane(words, random);
    for (std::size_t w = 0; w < words; ++w) sign_words[w] &= voted_words[w];
    std::vector<std::uint8_t> expected(32 * ((words + 4) / 5));
    Plane signs(sign_words, a);
    Plane voted(voted_words, b);
    Fenced<std::uint8_t> bytes(expected, a);
    portable_kernels().pack_trits(sign_words.data(), voted_words.data(), words, expected.data());
    table.pack_trits(signs.data(), voted.data(), words, bytes.data());
    EXPECT_EQ(bytes.values(), expected);

    const std::vector<std::uint32_t> blank(words, 0xA5A5A5A5);
    Plane unpacked_signs(blank, b);
    Plane unpacked_voted(blank, a);
    EXPECT_TRUE(
        table.unpack_trits(bytes.data(), words, unpacked_signs.data(), unpacked_voted.data()));
    EXPECT_EQ(unpacked_signs.values(), sign_words);
    EXPECT_EQ(unpacked_voted.values(), voted_words);
  });
}

TEST(Fences, StopNoGatheringAndScattering) {
  for_every_place([](const Kernels& table, std::size_t words, Side a, Side b) {
    Words random(words);
    const std::vector<std::uint32_t> sign_words = random_plane(words, random);
    const std::vector<std::uint32_t> voted_words = random_plane(words, random);
    const std::uint64_t count = portable_kernels().count_ones(voted_words.data(), words);
    std::vector<std::uint8_t> expected(static_cast<std::size_t>((count + 7) / 8));
    Plane signs(sign_words, a);
    Plane voted(voted_words, b);
    Fenced<std::uint8_t> bytes(expected, a);
    portable_kernels().gather_signs(sign_words.data(), voted_words.data(), words, expected.data());
    table.gather_signs(signs.data(), voted.data(), words, bytes.data());
    EXPECT_EQ(bytes.values(), expected);

    std::vector<std::uint32_t> scattered(words);
    portable_kernels().scatter_signs(expected.data(), expected.size(), voted_words.data(), words,
                                     scattered.data());
    table.scatter_signs(bytes.data(), expected.size(), voted.data(), words, signs.data());
    EXPECT_EQ(signs.values(), scattered);
    EXPECT_EQ(table.count_ones(voted.data(), words), count);
  });
}

TEST(Fences, StopNoApplying) {
  for_every_place([](const Kernels& table, std::size_t d, Side a, Side b) {
    Words random(d);
    const std::vector<std::uint32_t> sign_words = random_plane(naive_words(d), random);
    const std::vector<std::uint32_t> voted_words = random_plane(naive_words(d), random);
    Plane signs(sign_words, b);
    Plane voted(voted_words, a);
    for (const float step : {1e-3F, -1e-3F}) {
      for (const bool everything : {false, true}) {
        std::vector<float> expected = awkward_floats(d, d);
        Floats x(expected, a);
        portable_kernels().apply(expected.data(), d, sign_words.data(),
                                 everything ? nullptr : voted_words.data(), step, 0.999F);
        table.apply(x.data(), d, signs.data(), everything ? nullptr : voted.data(), step, 0.999F);
        EXPECT_EQ(bits_of(x.values()), bits_of(expected));
      }
    }
  });
}

TEST(Fences, StopNoArithmetic) {
  for_every_place([](const Kernels& table, std::size_t d, Side a, Side b) {
    std::vector<float> m = awkward_floats(d, d);
    const std::vector<float> g = awkward_floats(d, d + 1);
    Floats fenced_m(m, a);
    Floats fenced_g(g, b);
    EXPECT_TRUE(table.all_finite(fenced_g.data(), d));
    EXPECT_EQ(table.sum_abs(fenced_g.data(), d), portable_kernels().sum_abs(g.data(), d));
    EXPECT_EQ(table.sum_squares(fenced_g.data(), d), portable_kernels().sum_squares(g.data(), d));
    portable_kernels().momentum(m.data(), g.data(), d, 0.9F);
    table.momentum(fenced_m.data(), fenced_g.data(), d, 0.9F);
    EXPECT_EQ(bits_of(fenced_m.values()), bits_of(m));

    Fenced<std::uint8_t> bytes(std::vector<std::uint8_t>(d, 7), b);
    table.normalise(bytes.data(), d, 0.5F, -1.0F, fenced_m.data());
    EXPECT_EQ(fenced_m.values(), std::vector<float>(d, 2.5F));
  });
}

TEST(Fences, StopNoCountingAndDeciding) {
  for_every_place([](const Kernels& table, std::size_t words, Side a, Side b) {
    constexpr std::size_t kBallots = 37;
    constexpr std::size_t kPlanes = 7;
    Words random(words);
    std::vector<std::vector<std::uint32_t>> ballots;
    std::vector<std::unique_ptr<Plane>> fenced;
    std::vector<const std::uint32_t*> from;
    std::vector<const std::uint32_t*> fenced_from;
    for (std::size_t k = 0; k < kBallots; ++k) {
      ballots.push_back(random_plane(words, random));
      fenced.push_back(std::make_unique<Plane>(ballots[k], k % 2 == 0 ? a : b));
      from.push_back(ballots[k].data());
      fenced_from.push_back(fenced[k]->data());
    }
    std::vector<std::uint32_t> expected(kPlanes * words, 0);
    Plane planes(expected, b);
    portable_kernels().count_planes({expected.data(), kPlanes, words, words}, from.data(),
                                    kBallots);
    table.count_planes({planes.data(), kPlanes, words, words}, fenced_from.data(), kBallots);
    EXPECT_EQ(planes.values(), expected);

    std::vector<std::uint32_t> more = random_plane(2 * words, random);
    Plane fenced_more(more, a);
    portable_kernels().merge_counters({expected.data(), kPlanes, words, words}, more.data(), 2);
    table.merge_counters({planes.data(), kPlanes, words, words}, fenced_more.data(), 2);
    EXPECT_EQ(planes.values(), expected);

    std::vector<std::uint32_t> expected_signs(words);
    std::vector<std::uint32_t> expected_decided(words);
    Plane signs(expected_signs, a);
    Plane decided(expected_decided, b);
    const CounterPlanes nobody{nullptr, 0, words, words};
    portable_kernels().decide({expected.data(), kPlanes, words, words}, nobody, 40, 5,
                              expected_signs.data(), expected_decided.data());
    table.decide({planes.data(), kPlanes, words, words}, nobody, 40, 5, signs.data(),
                 decided.data());
    EXPECT_EQ(signs.values(), expected_signs);
    EXPECT_EQ(decided.values(), expected_decided);

    const CounterPlanes somebody{more.data(), 2, words, words};
    portable_kernels().decide({expected.data(), kPlanes, words, words}, somebody, 40, 5,
                              expected_signs.data(), expected_decided.data());
    table.decide({planes.data(), kPlanes, words, words}, {fenced_more.data(), 2, words, words}, 40,
                 5, signs.data(), decided.data());
    EXPECT_EQ(signs.values(), expected_signs);
    EXPECT_EQ(decided.values(), expected_decided);
  });
}

TEST(Fences, StopNoNetCounts) {
  for_every_place([](const Kernels& table, std::size_t d, Side a, Side b) {
    constexpr std::size_t kNegativePlanes = 4;
    constexpr std::size_t kVotedPlanes = 3;
    const std::size_t words = naive_words(d);
    Words random(d);
    std::vector<std::uint32_t> negative = random_plane(kNegativePlanes * words, random);
    std::vector<std::uint32_t> voted = random_plane(kVotedPlanes * words, random);
    Plane fenced_negative(negative, a);
    Plane fenced_voted(voted, b);
    const CounterPlanes of_negative{negative.data(), kNegativePlanes, words, words};
    const CounterPlanes of_voted{voted.data(), kVotedPlanes, words, words};
    const CounterPlanes of_fenced_negative{fenced_negative.data(), kNegativePlanes, words, words};
    const CounterPlanes of_fenced_voted{fenced_voted.data(), kVotedPlanes, words, words};

    std::vector<std::int16_t> narrow(d);
    Fenced<std::int16_t> fenced_narrow(narrow, b);
    portable_kernels().net_counts16(of_negative, of_voted, 15, d, narrow.data());
    table.net_counts16(of_fenced_negative, of_fenced_voted, 15, d, fenced_narrow.data());
    EXPECT_EQ(fenced_narrow.values(), narrow);

    std::vector<std::int32_t> wide(d);
    Fenced<std::int32_t> fenced_wide(wide, a);
    portable_kernels().net_counts32(of_negative, of_voted, 15, d, wide.data());
    table.net_counts32(of_fenced_negative, of_fenced_voted, 15, d, fenced_wide.data());
    EXPECT_EQ(fenced_wide.values(), wide);
  });
}

}  // namespace
}  // namespace psephos::kernels::testing
