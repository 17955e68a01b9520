#!/usr/bin/env bash
# From a clone to a trained model: installs what is missing, builds the programs, then lets one
# coordinator and ten clients, each a process, vote a model to accuracy over real sockets.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

readonly default_rounds=1000
readonly default_clients=10
readonly least_accuracy=0.86   # of the default run; a shorter one is not held to it
readonly start_timeout_s=60    # for the coordinator to load its data and bind
readonly farewell_timeout_s=30 # for the clients to go once the coordinator has

usage() {
  cat <<USAGE
Usage: scripts/quickstart.sh [--rounds N] [--clients N] [--programs DIR]

Builds Psephos and trains a small network (mlp:128) on Fashion-MNIST: one coordinator and
N client processes (default $default_clients) over TCP on this machine, for N rounds
(default $default_rounds). Shows the progress, the accuracy and what crossed the wire, and
leaves the run in runs/quickstart-TIME.

Fails if a process fails or, with $default_rounds rounds or more, the accuracy stays below
$least_accuracy.
Missing Debian packages (scripts/packages.txt) are installed first. With --programs, those of DIR
are used, and nothing is installed or built.
USAGE
}

fail() {
  echo "quickstart.sh: $*" >&2
  exit 1
}

usage_error() {
  echo "quickstart.sh: $* (try --help)" >&2
  exit 2
}

rounds=$default_rounds
clients=$default_clients
programs=""
while [ "$#" -gt 0 ]; do
  case "$1" in
    -h | --help)
      usage
      exit 0
      ;;
    --rounds | --clients)
      [[ "${2-}" =~ ^[1-9][0-9]{0,5}$ ]] ||
        usage_error "$1: '${2-}' is not a whole number from 1 to 999999"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    --programs)
      [ -x "${2-}/psephos-coordinator" ] || usage_error "--programs: no programs in '${2-}'"
      programs="$(cd "$2" && pwd)"
      shift 2
      ;;
    *) usage_error "there is no option '$1'" ;;
  esac
done

cd "$root"

# Every process started here ends with this script, however it ends.
declare -A name_of=() # by process id, while it is not known to have ended
interrupted=""

clean_up() {
  trap '' INT TERM
  if [ "${#name_of[@]}" -gt 0 ]; then
    kill -TERM "${!name_of[@]}" 2>/dev/null || true
    for _ in {1..50}; do
      kill -0 "${!name_of[@]}" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "${!name_of[@]}" 2>/dev/null || true
    wait "${!name_of[@]}" 2>/dev/null || true
  fi
}
trap clean_up EXIT
coordinator=""
# A terminal's Ctrl-C reaches every process by itself; a second signal would cut its farewell short.
trap 'interrupted=yes' INT
trap 'interrupted=yes; kill -TERM "${!name_of[@]}" 2>/dev/null || true' TERM

is_running() { kill -0 "$1" 2>/dev/null; }
pause() { sleep 0.1 || true; }

# Notices which processes have ended; a failed one ends the script, its last words shown.
collect_the_ended() {
  local pid status
  for pid in "${!name_of[@]}"; do
    is_running "$pid" && continue
    status=0
    wait "$pid" || status=$?
    local name="${name_of[$pid]}"
    unset "name_of[$pid]"
    if [ "$status" -ne 0 ] && [ -z "$interrupted" ]; then
      [ "$pid" = "$coordinator" ] || tail -n 5 "$run_folder/logs/$name.log" >&2
      fail "$name failed with exit status $status; logs: $run_folder/logs"
    fi
  done
}

build() {
  scripts/install_packages.sh
  cmake --preset release --log-level=WARNING
  cmake --build --preset release --parallel "$(nproc)" \
    --target psephos-coordinator psephos-client psephos-simulate psephos-keygen psephos-ledger
}

start_coordinator() {
  "$bin/psephos-coordinator" --bind tcp://127.0.0.1:0 --endpoint-file "$endpoint_file" \
    --dataset fashion-mnist --model mlp:128 --algorithm signum --batch 32 --lr 1e-3 \
    --schedule cosine --rounds "$rounds" --min-voters "$clients" --seed 1 --out "$run_folder" &
  coordinator=$!
  name_of[$coordinator]=psephos-coordinator

  local waited=0
  until [ -s "$endpoint_file" ]; do
    collect_the_ended
    [ -z "$interrupted" ] || return 0
    [ "$waited" -lt $((start_timeout_s * 10)) ] ||
      fail "the coordinator was not ready after $start_timeout_s s"
    pause
    waited=$((waited + 1))
  done
}

start_clients() {
  local part endpoint
  endpoint="$(<"$endpoint_file")"
  for ((part = 1; part <= clients; ++part)); do
    "$bin/psephos-client" --connect "$endpoint" --name "client-$part" --dataset fashion-mnist \
      --partition iid --part "$part/$clients" --seed 1 >"$run_folder/logs/client-$part.log" 2>&1 &
    name_of[$!]="client-$part"
  done
}

# Until nobody is left; after an interrupt, or once the coordinator has gone, not for ever.
wait_for_the_end() {
  local waited=0
  while [ "${#name_of[@]}" -gt 0 ]; do
    collect_the_ended
    if [ -n "$interrupted" ] || ! is_running "$coordinator"; then
      if [ "$waited" -ge $((farewell_timeout_s * 10)) ]; then
        [ -z "$interrupted" ] || return 0
        fail "still running $farewell_timeout_s s after the end: ${name_of[*]}"
      fi
      waited=$((waited + 1))
    fi
    pause
  done
}

judge() {
  local accuracy
  accuracy="$(sed -n 's/.*"accuracy": *\([0-9.eE+-]*\).*/\1/p' "$run_folder/summary.json")"
  [ -n "$accuracy" ] || fail "$run_folder/summary.json holds no accuracy"
  if [ "$rounds" -ge "$default_rounds" ] &&
    ! awk -v got="$accuracy" -v least="$least_accuracy" 'BEGIN { exit !(got >= least) }'; then
    fail "the accuracy, $accuracy, is below $least_accuracy; logs: $run_folder/logs"
  fi
  echo "Done: accuracy $accuracy; the run is in $run_folder"
}

bin="${programs:-build/release/bin}"
[ -n "$programs" ] || build

run_folder="runs/quickstart-$(date +%Y%m%d-%H%M%S)"
mkdir -p "$run_folder/logs"
endpoint_file="$run_folder/logs/endpoint"

echo "Training mlp:128 on Fashion-MNIST: $clients clients, $rounds rounds." >&2
start_coordinator
[ -n "$interrupted" ] || start_clients
wait_for_the_end
if [ -n "$interrupted" ]; then
  echo "quickstart.sh: interrupted; what was done is in $run_folder" >&2
  exit 130
fi
judge
