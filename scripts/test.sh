#!/usr/bin/env bash
# Installs what is missing, builds one preset or a few, runs their tests. The last lines: ctest's
# summary.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/test.sh [quick|full|kernels-arm|asan-ubsan|tsan]

  quick        kernels-arm, then the release build and every test but the long ones (the default)
  full         kernels-arm, then the release build and every test
  kernels-arm  the kernels, cross-built for 64-bit ARM and ARMv7; their tests, under qemu
  asan-ubsan   the tests of quick's release build, under AddressSanitizer and
               UndefinedBehaviorSanitizer
  tsan         the same under ThreadSanitizer

Missing Debian packages (scripts/packages.txt) are installed first. Builds live in build/PRESET.
USAGE
}

arm=(rpi64-kernels rpi32-kernels)
select=(--label-exclude '^long$')
case "${1-quick}" in
  quick) presets=("${arm[@]}" release) ;;
  full) presets=("${arm[@]}" release) select=() ;;
  kernels-arm) presets=("${arm[@]}") ;;
  asan-ubsan | tsan) presets=("$1") ;;
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

# ThreadSanitizer of gcc 12 cannot live with the address randomisation of newer kernels. Its test
# programs run while building, too (to list their tests), so the build gets the same treatment.
calm=()
if [ "${presets[*]}" = tsan ] && setarch --addr-no-randomize true 2>/dev/null; then
  calm=(setarch --addr-no-randomize)
fi

jobs="$(nproc)"
for preset in "${presets[@]}"; do
  cmake --preset "$preset"
  "${calm[@]}" cmake --build --preset "$preset" --parallel "$jobs"
  echo "Every test's output goes to build/$preset/Testing/Temporary/LastTest.log"
  "${calm[@]}" ctest --preset "$preset" --parallel "$jobs" "${select[@]}"
done
