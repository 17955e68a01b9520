#!/usr/bin/env bash
# scripts/quickstart.sh with stand-ins for the programs: what it starts, waits for, judges and ends.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

# A coordinator that binds, waits until it is told that the run is over, and reports an accuracy.
stand_in psephos-coordinator <<S
echo \$\$ >>"$scratch/pids"
echo "coordinator \$*" >>"$scratch/started"
while [ \$# -gt 0 ]; do
  case "\$1" in --endpoint-file) endpoint=\$2 ;; --out) out=\$2 ;; esac
  shift
done
[ ! -e "$scratch/cannot-bind" ] || { echo "the port is in use" >&2; exit 1; }
echo tcp://127.0.0.1:4321 >"\$endpoint"
until [ -e "$scratch/over" ]; do sleep 0.05; done
echo "{\"program\":\"psephos-coordinator\",\"accuracy\":\$(cat "$scratch/accuracy"),\"d\":1}" \
  >"\$out/summary.json"
S
# The last client ends the run.
stand_in psephos-client <<S
echo \$\$ >>"$scratch/pids"
echo "client \$*" >>"$scratch/started"
if [ -e "$scratch/client-fails" ] && [[ "\$*" == *"--name client-1 "* ]]; then
  echo "no memory" >&2
  exit 1
fi
[ ! -e "$scratch/endless" ] || exec sleep 1000
[ "\$(grep -c ^client "$scratch/started")" -lt 3 ] || touch "$scratch/over"
until [ -e "$scratch/over" ]; do sleep 0.05; done
S

reset() {
  (cd "$scratch" && rm -rf runs over cannot-bind client-fails endless started pids)
  echo 0.8712 >"$scratch/accuracy"
  : >"$scratch/pids"
}
quickstart=("$scratch/scripts/quickstart.sh" --programs "$scratch/bin" --clients 3)
expect_nobody_left() {
  local pid
  while read -r pid; do
    ! kill -0 "$pid" 2>/dev/null || complain "$1: process $pid is still there"
  done <"$scratch/pids"
}

name="a good run"
reset
run "${quickstart[@]}"
expect_status 0 "$name"
expect_text "Done: accuracy 0.8712; the run is in runs/quickstart-" "$name"
output="$(<"$scratch/started")"
expect_text "coordinator --bind tcp://127.0.0.1:0 --endpoint-file runs/quickstart-" "$name"
expect_text "--rounds 1000 --min-voters 3" "$name"
for part in 1 2 3; do
  expect_text "client --connect tcp://127.0.0.1:4321 --name client-$part " "$name"
  expect_text "--part $part/3 " "$name"
done
expect_nobody_left "$name"

name="too low an accuracy"
reset
echo 0.8599 >"$scratch/accuracy"
run "${quickstart[@]}"
expect_status 1 "$name"
expect_text "the accuracy, 0.8599, is below 0.86" "$name"

name="a short run is not held to the accuracy"
reset
echo 0.5 >"$scratch/accuracy"
run "${quickstart[@]}" --rounds 10
expect_status 0 "$name"
expect_text "accuracy 0.5;" "$name"

name="no evaluation"
reset
echo null >"$scratch/accuracy"
run "${quickstart[@]}" --rounds 10
expect_status 1 "$name"
expect_text "holds no accuracy" "$name"

name="a coordinator that cannot start"
reset
touch "$scratch/cannot-bind"
run "${quickstart[@]}"
expect_status 1 "$name"
expect_text "the port is in use" "$name"
expect_text "psephos-coordinator failed with exit status 1" "$name"
expect_nobody_left "$name"

name="a client that fails"
reset
touch "$scratch/client-fails" "$scratch/endless"
run "${quickstart[@]}"
expect_status 1 "$name"
expect_text "no memory" "$name"
expect_text "client-1 failed with exit status 1" "$name"
expect_nobody_left "$name"

name="ended from outside"
reset
touch "$scratch/endless"
"${quickstart[@]}" >"$scratch/log" 2>&1 &
runner=$!
until [ "$(wc -l <"$scratch/pids")" -eq 4 ]; do sleep 0.05; done
kill -TERM "$runner"
status=0
wait "$runner" || status=$?
output="$(<"$scratch/log")"
expect_status 130 "$name"
expect_text "interrupted; what was done is in runs/quickstart-" "$name"
expect_nobody_left "$name"

name="usage"
run "$scratch/scripts/quickstart.sh" --help
expect_status 0 "$name"
expect_text "Usage: scripts/quickstart.sh" "$name"
for words in "--rounds 0" "--rounds" "--clients -1" "--clients x" "--programs /nowhere" "--now"; do
  # shellcheck disable=SC2086  # two words are meant
  run "$scratch/scripts/quickstart.sh" $words
  expect_status 2 "$words"
  expect_text "(try --help)" "$words"
done

finish
