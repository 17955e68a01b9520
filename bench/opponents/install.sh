# shellcheck shell=bash
# Sourced by the scripts that time opponents: installs what these need from Debian. The caller has
# `fail SENTENCE...`, which ends the program.

readonly opponent_packages=(python3-torch libopenblas0-pthread) # the first brings python3-numpy

# Which of the opponents' packages dpkg does not know as installed.
absent_packages() {
  local package
  for package in "${opponent_packages[@]}"; do
    # shellcheck disable=SC2016  # dpkg-query expands ${...}, not the shell
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null |
      grep --quiet '^installed$' || echo "$package"
  done
}

install_opponents() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this is not a Debian-like system; the opponents need Debian 12's ${opponent_packages[*]}"
  fi
  local absent as_root=()
  mapfile -t absent < <(absent_packages)
  [ "${#absent[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "missing packages, and neither root nor sudo to install them;" \
        "as root: apt-get install ${absent[*]}"
    as_root=(sudo)
  fi
  echo "Installing with ${as_root[*]:+sudo }apt-get: ${absent[*]}" >&2
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
  "${apt[@]}" update --quiet >&2 </dev/null || fail "apt-get update failed; is the network up?"
  "${apt[@]}" install --yes --quiet --no-install-recommends "${absent[@]}" >&2 </dev/null ||
    fail "apt-get could not install: ${absent[*]}"
}
