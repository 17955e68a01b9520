#!/usr/bin/env bash
# Does the proving ground find mistakes? Puts one deliberate mistake after the other into a copy of
# the source, and lets psephos-prove look for it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/mutation_check.sh [NAME...]

Applies every patch of simulator/proving/mutations (or those named) to a copy of the source in
build/mutation, builds psephos-prove from it and plays up to 10,000 seeds of the scenario in the
patch's first line; before that, the source as it is must pass a few hundred of each. Ends with
status 1 if a mistake was not found.
USAGE
}

case "${1-}" in
  -h | --help)
    usage
    exit 0
    ;;
esac
patches=simulator/proving/mutations
names=("$@")
if [ "${#names[@]}" -eq 0 ]; then
  for patch in "$patches"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
for name in "${names[@]}"; do
  if [ ! -f "$patches/$name.patch" ]; then
    echo "mutation_check.sh: there is no $patches/$name.patch" >&2
    exit 2
  fi
done

source_root="$PWD"
copy=build/mutation/source
rm -rf build/mutation # no mistake may stay from before, in a source or in an object
mkdir -p "$copy"
git ls-files -z --cached --others --exclude-standard |
  xargs -0 cp --parents --preserve=timestamps -t "$copy"
cmake -S "$copy" -B build/mutation/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DPSEPHOS_TESTS=OFF >/dev/null

build() {
  if ! cmake --build build/mutation/build --target psephos-prove >build/mutation/build.log 2>&1; then
    tail -n 20 build/mutation/build.log >&2
    exit 1
  fi
}
prove() { # SCENARIO SEEDS
  build/mutation/build/bin/psephos-prove --scenario "$1" --seeds "$2" --stop --threads "$(nproc)" 2>&1
}

# Without a mistake nothing is found: or what follows means nothing.
build
scenarios="$(for name in "${names[@]}"; do sed -n '1s/^# scenario: //p' "$patches/$name.patch"; done | sort -u)"
for scenario in $scenarios; do
  if ! prove "$scenario" 1..500 >build/mutation/control.log; then
    echo "mutation_check.sh: the source as it is does not pass $scenario:" >&2
    tail -n 5 build/mutation/control.log >&2
    exit 1
  fi
done
missed=0
for name in "${names[@]}"; do
  patch="$source_root/$patches/$name.patch"
  scenario="$(sed -n '1s/^# scenario: //p' "$patch")"
  what="$(sed -n '2s/^# //p' "$patch")"
  patch -s -p1 -d "$copy" <"$patch"
  build
  output="$(prove "$scenario" 1..10000)" || true
  # A violation, or an invariant of the machines that broke: both name the seed.
  seed="$(sed -n 's/.*--seed \([0-9]*\).*/\1/p' <<<"$output" | head -n 1)"
  if [ -z "$seed" ]; then
    echo "MISSED  $name: $what"
    missed=$((missed + 1))
  else
    echo "found   $name (seed $seed of $scenario): $what"
    grep -A1 -e "--seed" <<<"$output" | sed -n '2s/^ */          /p'
  fi
  patch -s -R -p1 -d "$copy" <"$patch"
done
echo "$((${#names[@]} - missed)) of ${#names[@]} mistakes found"
[ "$missed" -eq 0 ]
