#!/usr/bin/env bash
# Every test that docs/reliability.md names exists, and every constant that the documents name.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash"
cd "$source_root"

output=""
# shellcheck disable=SC2016  # the backquotes are the document's
names="$(grep -oE '`[A-Z][A-Za-z]+\.[A-Z][A-Za-z0-9]+`' docs/reliability.md | tr -d '`' | sort -u)"
[ "$(wc -l <<<"$names")" -gt 20 ] || complain "the table of faults names hardly any test"
while read -r name; do
  grep -rqE "^TEST(_F|_P)?\\(${name%.*}, ${name#*.}\\)|^ *${name#*.}\\) *\\{" tests --include='*_test.cpp' ||
    complain "docs/reliability.md names $name, and there is no such test"
done <<<"$names"

# shellcheck disable=SC2016
constants="$(grep -ohE '`k[A-Z][A-Za-z0-9]+`' docs/*.md schemas/WIRE.md README.md ARCHITECTURE.md CHANGELOG.md | tr -d '`' | sort -u)"
[ "$(wc -l <<<"$constants")" -gt 10 ] || complain "the documents name hardly any constant"
while read -r name; do
  grep -rqE "constexpr[^;=]*\\b$name\\b *[={]" runtime coordinator client platforms simulator ||
    complain "the documents name $name, and there is no such constant"
done <<<"$constants"

finish
