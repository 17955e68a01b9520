#pragma once
// psephos-simulate sweep, the program: flags in, a progress line, the table and the best line out.

namespace psephos::simulator {

// argv[0] is its name, "sweep" is gone from the arguments. Its exit status.
int sweep_main(int argc, const char* const* argv);

}  // namespace psephos::simulator
