#!/usr/bin/env bash
# scripts/install_packages.sh with stand-ins for dpkg-query, apt-get, sudo and id.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"

cat >"$scratch/scripts/packages.txt" <<'LIST'
# a comment
alpha   # another

beta-dev
gamma++
LIST

# The world: what is installed, who we are, and a record of what was asked of apt-get.
stand_in dpkg-query <<S
cat "$scratch/installed"
exit 1  # as the real one does when it does not know a name
S
stand_in apt-get <<S
echo "apt-get \$* (\${DEBIAN_FRONTEND-})" >>"$scratch/asked"
[ ! -e "$scratch/offline" ]
S
stand_in id <<S
cat "$scratch/uid"
S
stand_in sudo <<S
echo sudo >>"$scratch/asked"
exec "\$@"
S
export PATH="$scratch/bin:$PATH"

# install UID INSTALLED...: runs the script in that world; $output ends with what apt-get was asked.
install() {
  echo "$1" >"$scratch/uid"
  shift
  printf '%s installed\n' "$@" >"$scratch/installed"
  : >"$scratch/asked"
  run "$scratch/scripts/install_packages.sh"
  output+=$'\n'"$(<"$scratch/asked")"
}

name="nothing missing"
install 0 alpha beta-dev gamma++
expect_status 0 "$name"
[ "$output" = $'\n' ] || complain "$name: it should be silent"

name="one missing, as root"
install 0 alpha gamma++
expect_status 0 "$name"
expect_text "Installing 1 packages with apt-get: beta-dev" "$name"
expect_text "apt-get update" "$name"
expect_text "apt-get install --yes --quiet --no-install-recommends beta-dev" "$name"
expect_text "beta-dev (noninteractive)" "$name"
expect_none sudo "$name"

name="known but removed counts as missing"
install 0 alpha gamma++
printf 'beta-dev config-files\n' >>"$scratch/installed"
run "$scratch/scripts/install_packages.sh"
expect_text "beta-dev" "$name"

name="a name that contains another"
install 0 alpha xbeta-dev beta-devx gammaaa
expect_text "Installing 2 packages with apt-get: beta-dev gamma++" "$name"

name="one of several names is enough"
echo 'delta|delta-qt|delta-x11' >>"$scratch/scripts/packages.txt"
install 0 alpha beta-dev gamma++ delta-x11
expect_status 0 "$name"
[ "$output" = $'\n' ] || complain "$name: it should be silent"
install 0 alpha beta-dev gamma++ delta-x
expect_text "Installing 1 packages with apt-get: delta" "$name"
expect_none "delta-qt" "$name"
sed -i '$d' "$scratch/scripts/packages.txt"

name="through sudo"
install 1000 alpha
expect_status 0 "$name"
expect_text "with sudo apt-get: beta-dev gamma++" "$name"
expect_text "sudo" "$name"

name="apt-get fails"
touch "$scratch/offline"
install 0 alpha
expect_status 1 "$name"
expect_text "apt-get update failed; is the network up?" "$name"
expect_none "apt-get install" "$name"

# A path with the tools that the script uses and nothing else.
mkdir "$scratch/bare"
for tool in bash env dirname sed tr grep; do
  ln -s "$(command -v "$tool")" "$scratch/bare/$tool"
done

name="neither root nor sudo"
for tool in dpkg-query apt-get id; do ln -s "$scratch/bin/$tool" "$scratch/bare/$tool"; done
ln -s "$(command -v cat)" "$scratch/bare/cat"
echo 1000 >"$scratch/uid"
PATH="$scratch/bare" run "$scratch/scripts/install_packages.sh"
expect_status 1 "$name"
expect_text "as root: apt-get install beta-dev gamma++" "$name"

name="not Debian"
rm "$scratch/bare/dpkg-query"
PATH="$scratch/bare" run "$scratch/scripts/install_packages.sh"
expect_status 1 "$name"
expect_text "not a Debian-like system" "$name"
expect_text "alpha beta-dev gamma++" "$name"

name="an argument"
run "$scratch/scripts/install_packages.sh" now
expect_status 2 "$name"

finish
