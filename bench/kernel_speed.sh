#!/usr/bin/env bash
# From a clone to the table of kernels: installs what is missing, builds, measures.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

usage() {
  cat <<'USAGE'
Usage: bench/kernel_speed.sh [--json] [--only KERNEL]... [--quick] [--strict]

Installs what is missing (scripts/packages.txt, python3-torch, libopenblas0-pthread), builds
psephos-bench and runs `psephos-bench table` with these flags: every kernel beside what memory
allows and beside its opponents, in about three minutes. docs/performance.md explains the columns.
The figures are worth little while other work runs on the machine.
USAGE
}

fail() {
  echo "kernel_speed.sh: $*" >&2
  exit 1
}

# shellcheck source=bench/opponents/install.sh
source "$root/bench/opponents/install.sh"

for argument in "$@"; do
  if [ "$argument" = -h ] || [ "$argument" = --help ]; then
    usage
    exit 0
  fi
done

cd "$root"
install_opponents
scripts/install_packages.sh >&2
cmake --preset release --log-level=WARNING >&2
cmake --build --preset release --parallel "$(nproc)" --target psephos-bench >&2
exec build/release/bin/psephos-bench table "$@"
