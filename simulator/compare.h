#pragma once
// psephos-simulate compare RUN...: run folders side by side, as a table and as pictures.

#include <cstddef>

namespace psephos::simulator {

inline constexpr std::size_t kMostComparedRuns = 24;

// The program: argv[0] is its name, "compare" is gone from the arguments. Its exit status.
int compare_main(int argc, const char* const* argv);

}  // namespace psephos::simulator
