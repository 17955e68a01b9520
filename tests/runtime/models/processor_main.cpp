// Runs tests that are compiled for x86-64-v3, where the processor is one; else says so, with the
// exit code that CMakeLists.txt calls a skip.

#include <gtest/gtest.h>

#include <cstdio>

int main(int argc, char** argv) {
  for (const bool has : {__builtin_cpu_supports("avx2") != 0, __builtin_cpu_supports("fma") != 0,
                         __builtin_cpu_supports("bmi2") != 0}) {
    if (has) continue;
    std::puts("skipped: this processor has no AVX2 and FMA");
    return 77;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
