#!/usr/bin/env bash
# Installs what is missing, builds one preset or a few, runs their tests. The last lines: ctest's
# summary.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/test.sh [quick|full|kernels-arm|fuzz|asan-ubsan|tsan]

  quick        kernels-arm, then the release build and every test but the long ones (the default)
  full         kernels-arm, fuzz, then the release build and every test
  kernels-arm  the kernels, cross-built for 64-bit ARM and ARMv7; their tests, under qemu
  fuzz         a few seconds of each fuzz target
  asan-ubsan   the tests of quick's release build, under AddressSanitizer and
               UndefinedBehaviorSanitizer
  tsan         the same under ThreadSanitizer

Missing Debian packages (scripts/packages.txt) are installed first. Builds live in build/PRESET.
USAGE
}

arm=(rpi64-kernels rpi32-kernels)
without_long=(--label-exclude '^long$')
case "${1-quick}" in
  quick) presets=("${arm[@]}" release) select=("${without_long[@]}") ;;
  full) presets=("${arm[@]}" fuzz release) select=() ;;
  kernels-arm) presets=("${arm[@]}") select=() ;;
  fuzz) presets=(fuzz) select=() ;;
  asan-ubsan | tsan) presets=("$1") select=("${without_long[@]}") ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    echo "test.sh: there is no '$1'" >&2
    usage >&2
    exit 2
    ;;
esac
if [ "$#" -gt 1 ]; then
  echo "test.sh: takes one word, but got $#" >&2
  usage >&2
  exit 2
fi

scripts/install_packages.sh

jobs="$(nproc)"

# Builds preset $1 and runs its tests; further arguments are ctest's.
build_and_test() {
  local preset="$1"
  shift
  # ThreadSanitizer of gcc 12 cannot live with the address randomisation of newer kernels. Its test
  # programs run while building, too (to list their tests), so the build gets the same treatment.
  local calm=()
  if [ "$preset" = tsan ] && setarch --addr-no-randomize true 2>/dev/null; then
    calm=(setarch --addr-no-randomize)
  fi
  cmake --preset "$preset"
  "${calm[@]}" cmake --build --preset "$preset" --parallel "$jobs"
  echo "Every test's output goes to build/$preset/Testing/Temporary/LastTest.log"
  "${calm[@]}" ctest --preset "$preset" --parallel "$jobs" "$@"
}

for preset in "${presets[@]}"; do
  build_and_test "$preset" "${select[@]}"
done
