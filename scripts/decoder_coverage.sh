#!/usr/bin/env bash
# How many lines of the readers of strangers' bytes the fuzzers' inputs reach.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/decoder_coverage.sh

Builds the fuzz targets with coverage in build/coverage, feeds them tests/fuzz/corpus and whatever
the fuzz preset's targets have discovered (build/fuzz), and prints the lines reached of each decoder.
Needs llvm-cov and llvm-profdata (Debian's package llvm) beside what scripts/test.sh installs.
USAGE
}

case "${1-}" in
  "") ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    echo "decoder_coverage.sh: takes no '$1'" >&2
    usage >&2
    exit 2
    ;;
esac
for tool in llvm-cov llvm-profdata; do
  if ! command -v "$tool" >/dev/null; then
    echo "decoder_coverage.sh: there is no $tool: install the package llvm" >&2
    exit 1
  fi
done

# Where bytes of a peer or of our own disk become values. (Readers of a user's tables and images are
# fuzzed as well, for crashes: their sentences for every kind of mistake have unit tests.)
decoders=(
  runtime/wire/{open_frame,read_client,read_coordinator,refused_frame,schema,seal,text}.cpp
  runtime/signs/{ballot_codec,decision_codec,plane_words,rice_string,slot_codec,ternary_codec}.cpp
  runtime/replica/{checkpoint,round_terms}.cpp
  client/state/client_state.cpp
  coordinator/ledger/packed.cpp
)
cmake --preset fuzz -B build/coverage \
  -DCMAKE_CXX_FLAGS="-fprofile-instr-generate -fcoverage-mapping" >/dev/null
cmake --build build/coverage --target fuzz_targets --parallel "$(nproc)" >build/coverage/build.log || {
  tail -n 20 build/coverage/build.log >&2
  exit 1
}
profiles=build/coverage/profiles
rm -rf "$profiles"
objects=()
for kept in tests/fuzz/corpus/*; do
  name="$(basename "$kept")"
  inputs=("$kept")
  [ -d "build/fuzz/tests/fuzz/corpus/$name" ] && inputs+=("build/fuzz/tests/fuzz/corpus/$name")
  target="build/coverage/tests/fuzz/fuzz_$name"
  LLVM_PROFILE_FILE="$profiles/$name" "$target" -runs=0 "${inputs[@]}" 2>/dev/null
  objects+=(-object "$target")
done
llvm-profdata merge -o build/coverage/merged "$profiles"/*
llvm-cov report "${objects[@]:1}" -instr-profile build/coverage/merged \
  -show-functions=false -show-region-summary=false -show-branch-summary=false 2>/dev/null |
  awk -v wanted="${decoders[*]}" '
    BEGIN { split(wanted, names, " "); for (i in names) is_decoder[names[i]] = 1 }
    $1 in is_decoder {
      printf "%-44s %5d lines, %3d not reached\n", $1, $5, $6
      lines += $5
      missed += $6
    }
    END { printf "%.1f %% of %d lines reached\n", 100 * (lines - missed) / lines, lines }'
