#pragma once
// Google Benchmark of every kernel of every table that this processor can run.

namespace psephos::bench {

// `argv` is Google Benchmark's (--benchmark_filter and so on), argv[0] the program's name. Returns
// the exit status: 2 for a flag that is not known.
int run_micro(int argc, char** argv);

}  // namespace psephos::bench
