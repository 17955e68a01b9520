#!/usr/bin/env bash
# From a clone to the figures of training: installs what is missing, builds, runs Psephos and its
# opponents side by side, and says which figures hold.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

readonly python=/usr/bin/python3 # Debian's, which knows python3-torch

usage() {
  cat <<'USAGE'
Usage: bench/train_speed.sh [--quick] [--only PART]... [--accuracy] [--strict] [--programs DIR]

Measures training beside PyTorch on OpenBLAS and beside FedAvg, in one run: interleaved, best of
several repeats. Ends with a table (figure, measured, target, verdict) and one line of JSON.

  --quick         fewer repeats
  --only PART     only that part: gradient, rounds, protocol, cnn, thousand, ten-thousand,
                  hundred-thousand or accuracy; may be given several times
  --accuracy      also trains the cnn with three seeds, which takes minutes
  --strict        exit status 1 if a figure misses its target or is not there
  --programs DIR  uses build/X/bin and its neighbour build/X/bench; builds nothing

Exit status 0 when everything ran or was skipped for not being built, whatever the verdicts; 1 if
a program failed, or PyTorch runs on another BLAS than OpenBLAS. The repeats are worth little while
other work runs on the machine. Missing Debian packages (scripts/packages.txt, python3-torch,
libopenblas0-pthread) are installed first.
USAGE
}

fail() {
  echo "train_speed.sh: $*" >&2
  exit 1
}

# shellcheck source=bench/opponents/install.sh
source "$root/bench/opponents/install.sh"

build() {
  scripts/install_packages.sh
  cmake --preset release --log-level=WARNING >&2
  local targets=(psephos-simulate) known program
  known="$(cmake --build --preset release --target help)"
  for program in gradient_speed protocol_speed; do
    if grep --quiet "^$program:" <<<"$known"; then
      targets+=("$program")
    else
      echo "train_speed.sh: there is no $program to build" >&2
    fi
  done
  cmake --build --preset release --parallel "$(nproc)" --target "${targets[@]}" >&2
}

programs=""
arguments=() # for train_speed.py, which knows what they mean
while [ "$#" -gt 0 ]; do
  case "$1" in
    -h | --help)
      usage
      exit 0
      ;;
    --programs)
      [ -x "${2-}/psephos-simulate" ] || {
        echo "train_speed.sh: --programs: no programs in '${2-}' (try --help)" >&2
        exit 2
      }
      programs="$(cd "$2" && pwd)"
      shift
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

cd "$root"
install_opponents
"$python" bench/train_speed.py --check-options "${arguments[@]}"
[ -n "$programs" ] || build
exec "$python" bench/train_speed.py --programs "${programs:-build/release/bin}" "${arguments[@]}"
