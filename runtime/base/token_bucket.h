#pragma once
// So many of something a second on average, and so many at once. A plain value; time is passed in.

#include <algorithm>
#include <chrono>

#include "runtime/base/units.h"

namespace psephos {

class TokenBucket {
 public:
  // Begins full: `burst` may be taken at once.
  TokenBucket(double per_second, double burst)
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  // Takes one; false when there have been too many of late. A clock that stands still or goes back
  // brings no tokens.
  bool take(Instant now) {
    const double elapsed_s = std::chrono::duration<double>(now - at_).count();
    at_ = now;
    tokens_ = std::min(burst_, tokens_ + std::max(0.0, elapsed_s) * per_second_);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  Instant at_{0};
};

}  // namespace psephos
