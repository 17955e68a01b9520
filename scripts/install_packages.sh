#!/usr/bin/env bash
# Installs those packages of scripts/packages.txt that this machine lacks, as root or through sudo.
# Of names with bars between them (a|b) one is enough: the first is installed where none is there.
# Says what it is about to install; says nothing and asks nobody when all are there.
set -euo pipefail

list="$(dirname "${BASH_SOURCE[0]}")/packages.txt"

fail() {
  echo "install_packages.sh: $*" >&2
  exit 1
}

# The names in the list, without comments and blank lines.
wanted() {
  sed -e 's/#.*//' "$list" | tr -s '[:space:]' '\n' | sed '/^$/d'
}

# Those of the arguments that dpkg does not know as installed, by the first of their names.
# (dpkg-query exits 1 for an unknown name, which is an ordinary answer here.)
missing() {
  local installed
  local -a names
  mapfile -t names < <(printf '%s\n' "$@" | tr '|' '\n')
  # shellcheck disable=SC2016  # dpkg-query expands ${...}, not the shell
  installed="$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "${names[@]}" \
    2>/dev/null | sed -n 's/ installed$//p' || true)"
  local package
  for package in "$@"; do
    grep --quiet --line-regexp --fixed-strings -- "${package//|/$'\n'}" <<<"$installed" ||
      echo "${package%%|*}"
  done
}

case "${1-}" in
  "") ;;
  -h | --help)
    echo "Usage: scripts/install_packages.sh"
    echo "Installs what scripts/packages.txt names and this machine lacks, with apt-get."
    exit 0
    ;;
  *)
    echo "install_packages.sh: takes no arguments, but got '$1'" >&2
    exit 2
    ;;
esac

mapfile -t packages < <(wanted)
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this is not a Debian-like system; install these, by their Debian 12 names," \
    "with your own package manager, then build with cmake: ${packages[*]%%|*}"
fi

mapfile -t absent < <(missing "${packages[@]}")
[ "${#absent[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null ||
    fail "missing packages, and neither root nor sudo to install them;" \
      "as root: apt-get install ${absent[*]}"
  as_root=(sudo)
fi

echo "Installing ${#absent[@]} packages with ${as_root[*]:+sudo }apt-get: ${absent[*]}" >&2
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
"${apt[@]}" update --quiet >&2 </dev/null ||
  fail "apt-get update failed; is the network up?"
"${apt[@]}" install --yes --quiet --no-install-recommends "${absent[@]}" >&2 </dev/null ||
  fail "apt-get could not install: ${absent[*]}"
