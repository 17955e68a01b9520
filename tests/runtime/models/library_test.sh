#!/usr/bin/env bash
# Every variant of libpsephos-models.so exports the models' interface and nothing else.
# Usage: library_test.sh LIBRARY...
set -euo pipefail

# The interface, demangled; "[abi:cxx11]" belongs to the compiler.
allowed='^(psephos::(make_model|arithmetic_set)(\[abi:cxx11\])?\(.*|psephos::Model::~Model\(\)|(vtable|typeinfo|typeinfo name) for psephos::Model)$'

failures=0
for library in "$@"; do
  exported="$(nm --dynamic --defined-only --demangle --format=posix "$library" |
    sed -E 's/ [A-Za-z]( [0-9a-f]+)*$//' | sort -u)"
  [ -n "$exported" ] || { echo "FAILED: $library exports nothing" && failures=1; }
  for needed in 'psephos::make_model(' 'psephos::arithmetic_set' 'vtable for psephos::Model'; do
    grep -qF -- "$needed" <<<"$exported" || { echo "FAILED: $library lacks $needed" && failures=1; }
  done
  if foreign="$(grep -vE -- "$allowed" <<<"$exported")"; then
    echo "FAILED: $library exports what is not its interface:"
    echo "$foreign" | head -20
    failures=1
  fi
done
[ "$failures" -eq 0 ] && echo "all well"
exit "$failures"
