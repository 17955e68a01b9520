#pragma once
// The table while it is measured: what was asked for, and rows that are printed as they come.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/kernels/row.h"
#include "platforms/limits/limits.h"

namespace psephos::bench {

struct TableOptions {
  bool json = false;
  bool quick = false;
  std::vector<std::string> only;  // kernels; empty: all
};

// A measurement to take: the median of its turns. `limits` are run in turn with it, and the fastest
// of them is its limit: by their medians, but a pure read by its best turn, because a slow one
// would pass any ratio.
struct Case {
  std::string kernel;
  std::string isa;
  std::size_t parameters = 0;
  std::uint32_t voters = 1;
  double bytes = 0;  // that a single pass touches
  std::function<void()> run;
  std::vector<std::function<void()>> limits;
  bool pure_read = false;  // the limits are
  std::optional<Target> target;
  std::string beside;  // what the limits are
};

class Table {
 public:
  explicit Table(TableOptions options);

  bool wants(std::string_view kernel) const;
  // Asked for by name, not only because everything was.
  bool named(std::string_view kernel) const;
  bool quick() const { return options_.quick; }
  // Sizes in parameters: within the last cache but one, within the last, and beyond it (not when
  // quick).
  std::vector<std::size_t> sizes() const;
  int repeats() const;

  void time(Case one);
  void add(const Row& row);
  // Why there are no rows of something.
  void skip(std::string_view kernel, std::string_view why);

  // Every row that has a target reached it, and none was skipped.
  bool all_hold() const { return all_hold_; }

 private:
  TableOptions options_;
  bool all_hold_ = true;
};

// The figures of the three limits on all instruction sets but the slowest, as contestants.
using limits::Limits;
std::vector<std::function<void()>> fastest_limits(
    const std::function<void(const Limits&)>& use_limit);

inline constexpr std::size_t kInCache = std::size_t{1} << 17;
inline constexpr std::size_t kMillion = std::size_t{1} << 20;
inline constexpr std::size_t kLarge = std::size_t{1} << 24;

// The last-level cache that this processor's first core sees; 0 when the system does not say.
std::size_t last_cache_bytes();

// ---- groups of rows, each in a file of its own

void float_rows(Table& table);     // pack, pack_coin, signum, apply, apply_fingerprint, philox
void tally_rows(Table& table);     // batch, ternary, streaming
void codec_rows(Table& table);     // Rice codes, changes
void closing_rows(Table& table);   // the parts of closing a round
void opponent_rows(Table& table);  // counters, numpy, PyTorch, BytePS
void intake_rows(Table& table);

}  // namespace psephos::bench
