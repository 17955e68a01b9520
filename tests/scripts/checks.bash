# Shared by the tests of this folder: a scratch copy of scripts/, and checks that count failures.
# shellcheck shell=bash
set -euo pipefail

source_root="$(cd "${1:?the source folder}" && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
cp -r "$source_root/scripts" "$scratch/scripts"
mkdir "$scratch/bin" # stand-ins
failures=0

# stand_in NAME: an executable in $scratch/bin whose text is stdin.
stand_in() {
  { echo '#!/bin/bash' && cat; } >"$scratch/bin/$1"
  chmod +x "$scratch/bin/$1"
}

# run COMMAND...: sets $status and $output (stdout and stderr together).
run() {
  status=0
  output="$("$@" 2>&1 </dev/null)" || status=$?
}

complain() {
  echo "FAILED: $1"
  echo "    ${output//$'\n'/$'\n'    }"
  failures=$((failures + 1))
}

expect_status() { [ "$status" -eq "$1" ] || complain "$2: exit status $status, not $1"; }
expect_text() { grep -qF -- "$1" <<<"$output" || complain "$2: '$1' is not in the output"; }
expect_none() { ! grep -qF -- "$1" <<<"$output" || complain "$2: '$1' is in the output"; }

finish() {
  [ "$failures" -eq 0 ] || exit 1
  echo "all well"
}
