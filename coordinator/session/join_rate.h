#pragma once
// How many Joins are answered a second: after a coordinator's restart everybody comes at once, and
// each is owed a Welcome of up to 256 KiB. Those beyond it are told how long to wait, each longer
// than the one before, so that they come back spread out. A plain value; time is passed in.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/base/token_bucket.h"

namespace psephos::coordinator {

inline constexpr std::uint32_t kLongestJoinWaitMs = 30'000;

class JoinRate {
 public:
  // 0: no bound.
  explicit JoinRate(std::uint32_t per_second)
      : per_second_(per_second), tokens_(per_second, per_second) {}

  // 0: come in. Else: not before so many milliseconds.
  std::uint32_t wait_ms(Instant now) {
    if (per_second_ == 0) return 0;
    const double elapsed_s = std::chrono::duration<double>(now - at_).count();
    at_ = now;
    waiting_ = std::max(0.0, waiting_ - std::max(0.0, elapsed_s) * per_second_);
    if (tokens_.take(now)) return 0;
    waiting_ = std::min(waiting_ + 1, per_second_ * kLongestJoinWaitMs / 1000);
    const double wait = std::min<double>(kLongestJoinWaitMs, 1000 * waiting_ / per_second_);
    return std::max(1u, static_cast<std::uint32_t>(wait));
  }

 private:
  double per_second_;
  TokenBucket tokens_;
  double waiting_ = 0;  // told to, and not due yet
  Instant at_{0};
};

}  // namespace psephos::coordinator
