#!/usr/bin/env bash
# Kills the coordinator and its clients with SIGKILL at random moments, starts them again, and looks
# at what the run came to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/kill9.sh [TIMES [DEFAULT_TIMES]] [-- OPTION...]

Plays TIMES runs (20) in which every client keeps its state after every round and must vote: each has
to end with the fingerprint of a run that nobody disturbed. Then DEFAULT_TIMES runs (a quarter of
TIMES) with --state-every 50 and fewer voters needed: each has to end, and its ledger has to verify.
Needs the release build (scripts/test.sh, or cmake --build --preset release).
What follows -- goes to the coordinator: scripts/kill9.sh 50 -- --decision momentum:0.95

Environment: PSEPHOS_BIN  folder of the programs (build/release/bin)
             SEED         which moments are drawn (1)
USAGE
}

case "${1-}" in
  -h | --help)
    usage
    exit 0
    ;;
esac
numbers=()
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
  numbers+=("$1")
  shift
done
rules=("${@:2}") # what stands behind --
strict_runs="${numbers[0]-20}"
default_runs="${numbers[1]-$((strict_runs / 4))}"
if [ "${#numbers[@]}" -gt 2 ] || ! [[ "$strict_runs" =~ ^[0-9]+$ && "$default_runs" =~ ^[0-9]+$ ]]; then
  echo "kill9.sh: takes two numbers at most" >&2
  usage >&2
  exit 2
fi
bin="${PSEPHOS_BIN-build/release/bin}"
for program in psephos-coordinator psephos-client psephos-ledger; do
  if [ ! -x "$bin/$program" ]; then
    echo "kill9.sh: there is no $bin/$program: build it first, or set PSEPHOS_BIN" >&2
    exit 2
  fi
done

clients=4
kills=6
killed=0 # in all runs so far
patience=120 # seconds for one run
RANDOM="${SEED-1}"
scratch="$(mktemp -d)"
pids=() # of the coordinator (0) and the clients (1 to $clients)

stop_all() {
  local pid
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  pids=()
}
trap 'stop_all; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# start WHO FOLDER: the coordinator (0), or a client.
start() {
  local who="$1" folder="$2"
  if [ "$who" -eq 0 ]; then
    "$bin/psephos-coordinator" --bind "tcp://127.0.0.1:$port" --ledger "$folder/ledger" \
      --dataset synthetic --model mlp:64 --rounds 150 --batch 16 --heartbeat-ms 100 \
      --min-voters "$min_voters" --min-clients "$clients" --deadline-ms 1000 --eval-every 0 \
      --out "$folder/run" --quiet "${rules[@]}" >>"$folder/coordinator.log" 2>&1 &
  else
    "$bin/psephos-client" --connect "tcp://127.0.0.1:$port" --dataset synthetic \
      --part "$who/$clients" --name "client-$who" --seed 1 --state "$folder/state-$who" \
      "${state_every[@]}" >>"$folder/client-$who.log" 2>&1 &
  fi
  pids[who]=$!
}

# failed TEXT LOG...: says so with the last lines of each log.
failed() {
  echo "kill9.sh: $1" >&2
  tail -n 3 "${@:2}" >&2
  return 1
}

# play FOLDER KILLS: one run; the fingerprint it came to is left in $fingerprint.
play() {
  local folder="$1" left="$2" who deadline=$((SECONDS + patience))
  fingerprint=nothing
  mkdir "$folder"
  port=$((20000 + RANDOM % 10000))
  for ((who = 0; who <= clients; ++who)); do start "$who" "$folder"; done
  while kill -0 "${pids[0]}" 2>/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      failed "no end after $patience s" "$folder"/*.log
      return
    fi
    sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
    if [ "$left" -gt 0 ]; then
      who=$((RANDOM % (clients + 1)))
      if kill -9 "${pids[who]}" 2>/dev/null; then
        wait "${pids[who]}" 2>/dev/null || true
        start "$who" "$folder"
        left=$((left - 1))
        killed=$((killed + 1))
      fi
    fi
  done
  for ((who = 1; who <= clients; ++who)); do
    # One that was away when the run ended hears of it from a coordinator that is started again.
    while kill -0 "${pids[who]}" 2>/dev/null; do
      if [ "$SECONDS" -ge "$deadline" ]; then
        failed "client $who has not ended after $patience s" "$folder"/*.log
        return
      fi
      if ! kill -0 "${pids[0]}" 2>/dev/null; then
        wait "${pids[0]}" || { failed "the coordinator failed" "$folder/coordinator.log"; return; }
        start 0 "$folder"
      fi
      sleep 0.1
    done
    wait "${pids[who]}" || { failed "client $who failed" "$folder/client-$who.log"; return; }
  done
  kill -TERM "${pids[0]}" 2>/dev/null || true
  wait "${pids[0]}" || [ "$?" -eq 143 ] || { failed "the coordinator failed" "$folder/coordinator.log"; return; }
  pids=()
  if ! "$bin/psephos-ledger" verify "$folder/ledger" >"$folder/verify.log" 2>&1; then
    failed "its ledger does not verify" "$folder/verify.log"
    return
  fi
  if [ "$left" -gt $(($2 / 2)) ]; then
    failed "the run was over after $(($2 - left)) of $2 kills: too fast a machine" "$folder/verify.log"
    return
  fi
  # Of the process that led the run to its end.
  fingerprint="$(find "$folder/run" -name summary.json -exec sed -n 's/.*"fingerprint": *"\([^"]*\)".*/\1/p' {} + | sort -u)"
  [[ "$fingerprint" =~ ^[0-9a-f]{16}$ ]] || failed "no fingerprint: '$fingerprint'" "$folder/verify.log"
}

state_every=(--state-every 1)
min_voters=$clients
play "$scratch/undisturbed" 0
expected="$fingerprint"
echo "undisturbed: $expected"

same=0
for ((run = 1; run <= strict_runs; ++run)); do
  if play "$scratch/strict-$run" "$kills" && [ "$fingerprint" = "$expected" ]; then
    same=$((same + 1))
    rm -rf "${scratch:?}/strict-$run"
  else
    echo "run $run: ended with $fingerprint" >&2
    stop_all
  fi
  [ -t 1 ] && printf '\r%d of %d' "$run" "$strict_runs"
done
[ -t 1 ] && echo
echo "--state-every 1, $killed kills: $same of $strict_runs end with the undisturbed fingerprint"
killed=0

state_every=(--state-every 50)
min_voters=2
verified=0
for ((run = 1; run <= default_runs; ++run)); do
  if play "$scratch/default-$run" "$kills"; then
    verified=$((verified + 1))
    rm -rf "${scratch:?}/default-$run"
  else
    stop_all
  fi
done
echo "--state-every 50, $killed kills: $verified of $default_runs end, and their ledgers verify"
[ "$same" -eq "$strict_runs" ] && [ "$verified" -eq "$default_runs" ]
