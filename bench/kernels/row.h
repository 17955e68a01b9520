#pragma once
// One line of the table: what a kernel did, what memory (or an opponent) allowed, and whether the
// figure to reach was reached.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace psephos::bench {

struct Target {
  enum class Of { kRatioAtLeast, kRatioAtMost, kNanosecondsAtMost, kGigabytesAtLeast };
  Of of = Of::kRatioAtLeast;
  double value = 0;
};

struct Row {
  std::string kernel;
  std::string isa;
  std::size_t parameters = 0;
  std::uint32_t voters = 1;
  double gb_s = 0;                   // of the bytes that a single pass has to touch; GB = 1e9 bytes
  double ns_per_parameter = 0;       // of all voters together; CPU time where it is intake
  std::optional<double> limit_gb_s;  // the same bytes at the limit's, or the opponent's, speed
  std::optional<double> ratio;       // gb_s / limit_gb_s; of intake: the CPU time per byte of both
  std::optional<Target> target;
  std::string beside;  // what the limit is, for people
};

// Nothing where there is no target.
std::optional<bool> holds(const Row& row);

// {"kernel": ..., "isa": ..., "d": ..., "voters": ..., "gb_s": ..., "ns_per_parameter": ...,
//  "limit_gb_s": ..., "ratio": ..., "target": ..., "holds": ...}; null where there is none.
std::string to_json(const Row& row);

// The lines of the table for people.
std::string header_line();
std::string to_line(const Row& row);

}  // namespace psephos::bench
