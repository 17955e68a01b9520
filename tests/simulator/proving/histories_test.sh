#!/usr/bin/env bash
# histories_test.sh PSEPHOS_PROVE VECTORS: a seed has one history, whatever compiled the program.
# Every line of VECTORS is a scenario, its seeds and the hash of all that happened in them.
set -euo pipefail
prove="$1"
vectors="$2"

lines=0
wrong=0
while read -r scenario seeds expected; do
  [[ "$scenario" == "#"* || -z "$scenario" ]] && continue
  lines=$((lines + 1))
  history="$("$prove" --scenario "$scenario" --seeds "$seeds" --json 2>/dev/null |
    sed -n '$s/.*"history":"\([0-9a-f]*\)".*/\1/p')"
  if [ "$history" != "$expected" ]; then
    echo "$scenario $seeds: $vectors says ${expected:-nothing}; this build plays:"
    echo "$scenario $seeds $history"
    wrong=$((wrong + 1))
  fi
done <"$vectors"
[ "$lines" -gt 0 ] && [ "$wrong" -eq 0 ]
