#!/usr/bin/env bash
# mutations_apply_test.sh SOURCE: every deliberate mistake of scripts/mutation_check.sh can be put
# into the source as it is. Whether it is found takes too long for every test run.
set -euo pipefail
cd "${1:?the source}"
failures=0
for patch in simulator/proving/mutations/*.patch; do
  if ! patch -p1 --dry-run --force --silent --fuzz=0 <"$patch" >/dev/null; then
    echo "FAILED: $patch does not apply"
    failures=$((failures + 1))
  fi
done
[ "$failures" -eq 0 ]
