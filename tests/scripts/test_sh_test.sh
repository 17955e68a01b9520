#!/usr/bin/env bash
# scripts/test.sh with stand-ins for cmake and ctest: which preset, which tests, in which order.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

for tool in cmake ctest; do
  stand_in "$tool" <<S
echo "$tool \$*"
[ ! -e "$scratch/broken-$tool" ]
S
done
ln -sf "$(type -P true)" "$scratch/scripts/install_packages.sh"
export PATH="$scratch/bin:$PATH"

last_line() { tail -n 1 <<<"$output"; }
# shellcheck disable=SC2053  # $1 is a pattern
expect_last() { [[ "$(last_line)" == $1 ]] || complain "$2: the last line is not '$1'"; }

# The suites that ran, in their order.
expect_suites() {
  local ran
  ran="$(sed -n 's/^ctest --preset \([a-z0-9-]*\) .*/\1/p' <<<"$output" | tr '\n' ' ')"
  [ "$ran" = "$1 " ] || complain "$2: not the suites '$1' but '$ran'"
}

for word in "" quick; do
  run "$scratch/scripts/test.sh" ${word:+"$word"}
  expect_status 0 "quick"
  expect_text "ctest --preset rpi64-kernels" "quick"
  expect_text "ctest --preset rpi32-kernels" "quick"
  expect_text "cmake --build --preset release" "quick"
  expect_suites "rpi64-kernels rpi32-kernels release" "quick"
  expect_last "ctest --preset release * --label-exclude ^long\$" "quick"
done

run "$scratch/scripts/test.sh" full
expect_status 0 "full"
expect_last "ctest --preset release --parallel *" "full"
expect_none "label-exclude" "full"
expect_suites "rpi64-kernels rpi32-kernels fuzz release" "full"

run "$scratch/scripts/test.sh" fuzz
expect_status 0 "fuzz"
expect_suites "fuzz" "fuzz"

run "$scratch/scripts/test.sh" kernels-arm
expect_status 0 "kernels-arm"
expect_text "cmake --build --preset rpi64-kernels" "kernels-arm"
expect_text "ctest --preset rpi64-kernels" "kernels-arm"
expect_text "cmake --build --preset rpi32-kernels" "kernels-arm"
expect_last "ctest --preset rpi32-kernels *" "kernels-arm"
expect_none "release" "kernels-arm"

for preset in asan-ubsan tsan; do
  run "$scratch/scripts/test.sh" "$preset"
  expect_status 0 "$preset"
  expect_text "cmake --preset $preset" "$preset"
  expect_text "cmake --build --preset $preset" "$preset"
  expect_last "ctest --preset $preset * --label-exclude ^long\$" "$preset"
  expect_suites "$preset" "$preset"
done

run "$scratch/scripts/test.sh" --help
expect_status 0 "help"
expect_text "Usage: scripts/test.sh [quick|full|kernels-arm|fuzz|asan-ubsan|tsan]" "help"
expect_none "cmake --" "help"

for words in "slow" "quick full"; do
  # shellcheck disable=SC2086  # two words are meant
  run "$scratch/scripts/test.sh" $words
  expect_status 2 "$words"
  expect_text "Usage:" "$words"
  expect_none "cmake --" "$words"
done

touch "$scratch/broken-cmake"
run "$scratch/scripts/test.sh"
expect_status 1 "a failing build"
expect_none "ctest --" "a failing build"
rm "$scratch/broken-cmake"

# .ci/run holds all of them, and stops at the first that fails.
mkdir "$scratch/.ci"
cp "$source_root/.ci/run" "$scratch/.ci/run"
CI=true run "$scratch/.ci/run"
expect_status 0 "ci"
expect_suites "rpi64-kernels rpi32-kernels release fuzz asan-ubsan tsan" "ci"
expect_last "ctest --preset tsan *" "ci"
touch "$scratch/broken-ctest"
CI=true run "$scratch/.ci/run"
expect_status 1 "ci with failing tests"
expect_none "asan-ubsan" "ci with failing tests"

finish
