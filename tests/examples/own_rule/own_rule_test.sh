#!/usr/bin/env bash
# A ballot rule and a decision rule of one's own, each a file and a line in a table: does every
# program know them, and does no program of a release?
# Usage: own_rule_test.sh FOLDER RELEASE: the programs with these rules, and without them.
set -euo pipefail

own="${1:?the programs with the rules}"
release="${2:?the release programs}"
scratch="$(mktemp -d)"
pids=()
finish() {
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap finish EXIT
failures=0

run() { # COMMAND...: sets $status and $output
  status=0
  output="$("$@" 2>&1 </dev/null)" || status=$?
}
expect() { # STATUS TEXT WHAT
  if [ "$status" -ne "$1" ] || ! grep -qF -- "$2" <<<"$output"; then
    echo "FAILED: $3: status $status, not $1, or without '$2':"
    echo "    ${output//$'\n'/$'\n'    }"
    failures=$((failures + 1))
  fi
}
expect_none() { # TEXT WHAT
  if grep -qF -- "$1" <<<"$output"; then
    echo "FAILED: $2: says '$1'"
    failures=$((failures + 1))
  fi
}

rules=(--ballot patient:1 --decision stubborn:0.3)
small=(--dataset synthetic --model mlp:16 --rounds 60 --batch 8)

for program in psephos-simulate psephos-coordinator; do
  run "$own/$program" --help
  expect 0 "patient:T" "$program --help names the ballot rule"
  expect 0 "stubborn[:SHARE]" "$program --help names the decision rule"
  run "$release/$program" --help
  expect_none patient "$program --help of a release"
  expect_none stubborn "$program --help of a release"
  run "$own/$program" --ballot patiend:1
  expect 2 "did you mean patient?" "$program corrects a slip"
  run "$own/$program" --ballot patient:1000
  expect 2 "T at least 0.01 and at most 100" "$program knows the range"
  run "$release/$program" --ballot patient:1
  expect 2 "unknown ballot rule 'patient:1'" "$program of a release refuses it"
done

printf 'ballot = "patient:1"\ndecision = "stubborn:0.3"\n' >"$scratch/run.toml"
run "$own/psephos-simulate" check-config "$scratch/run.toml"
expect 0 "ballot patient:1, decision stubborn:0.3" "check-config knows both"

# One truth in memory and over sockets.
fingerprint() { sed -n 's/.*"fingerprint":"\([0-9a-f]*\)".*/\1/p' <<<"$output"; }
run "$own/psephos-simulate" "${small[@]}" "${rules[@]}" --clients 4 --quiet --json
expect 0 '"rounds":60' "a simulation"
in_memory="$(fingerprint)"
run "$own/psephos-simulate" "${small[@]}" "${rules[@]}" --clients 4 --transport tcp --quiet --json
expect 0 "\"fingerprint\":\"$in_memory\"" "the same run over sockets"

# A run in processes of its own: it travels in Welcome, its state in checkpoints and state files,
# and the ledger decides again.
run_processes() { # CLIENTS_FOLDER
  rm -f "$scratch/endpoint"
  "$own/psephos-coordinator" --bind tcp://127.0.0.1:0 --endpoint-file "$scratch/endpoint" \
    --ledger "$scratch/ledger" "${small[@]}" "${rules[@]}" --min-voters 2 --heartbeat-ms 200 \
    >"$scratch/coordinator.log" 2>&1 &
  local coordinator=$!
  pids=("$coordinator")
  for ((wait = 0; wait < 100; ++wait)); do
    [ -s "$scratch/endpoint" ] && break
    sleep 0.1
  done
  for part in 1 2; do
    "$1/psephos-client" --connect "$(cat "$scratch/endpoint")" --dataset synthetic \
      --part "$part/2" --seed 1 --state "$scratch/state-$part" --state-every 1 \
      >"$scratch/client-$part.log" 2>&1 &
    pids+=($!)
  done
  status=0
  if [ "$1" = "$own" ]; then
    wait "$coordinator" || status=$?
  else
    wait "${pids[1]}" || status=$?
  fi
  output="$(cat "$scratch"/coordinator.log "$scratch"/client-*.log)"
  { # the shell says who was killed
    for pid in "${pids[@]}"; do kill "$pid" || true; done
    wait || true
  } 2>/dev/null
  pids=()
}
run_processes "$own"
expect 0 "60" "processes of their own"
run "$own/psephos-ledger" verify "$scratch/ledger"
expect 0 "rounds were decided again from their votes" "the ledger decides again"
run "$own/psephos-ledger" list "$scratch/ledger" --last 1
expect 0 "--decision stubborn:0.3" "the ledger's words"
run "$release/psephos-ledger" verify "$scratch/ledger"
expect 1 "unknown decision rule 'stubborn:0.3'" "a release cannot decide for it, and says so"

# A client that does not know the rule refuses it by name.
rm -f "$scratch"/ledger* "$scratch"/state-*
run_processes "$release"
expect 1 "unknown ballot rule 'patient:1'" "a release's client"

# The proving ground draws from the tables.
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
  "$own/psephos-prove" --seed "$seed" --trace 2>/dev/null | sed -n '1p'
done >"$scratch/drawn"
output="$(cat "$scratch/drawn")"
status=0
expect 0 "--ballot patient:" "the proving ground draws the ballot rule"
expect 0 "--decision stubborn:" "the proving ground draws the decision rule"
run "$own/psephos-prove" --seeds 1..300 --threads 2
expect 0 " 0 violations" "the proving ground"
run "$own/psephos-prove" --scenario disk --seeds 1..30 --threads 2
expect 0 " 0 violations" "the proving ground's disks"

[ "$failures" -eq 0 ] || exit 1
echo "all well"
