#pragma once
// --test-fraction: of a data set that brings no test set, the share of its samples that nobody
// trains on.

namespace psephos {

inline constexpr double kDefaultTestFraction = 0.2;
inline constexpr double kMinTestFraction = 0.001;  // for who evaluates; a client may hold none back
inline constexpr double kMaxTestFraction = 0.9;

}  // namespace psephos
