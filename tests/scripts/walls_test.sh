#!/usr/bin/env bash
# The walls of the house (ARCHITECTURE.md): who may include whom. Reads the sources alone.
source "$(dirname "${BASH_SOURCE[0]}")/checks.bash" "$@"
cd "$source_root"

# nothing_matches SENTENCE PATTERN FOLDER...: no line of the folders' sources matches.
nothing_matches() {
  local sentence="$1" pattern="$2"
  shift 2
  run grep -rnE --include='*.cpp' --include='*.h' -- "$pattern" "$@"
  [ "$status" -eq 1 ] || complain "$sentence"
}

nothing_matches "platforms/ includes nothing of ours but itself" \
  '#include "(runtime|client|coordinator|simulator)/' platforms
nothing_matches "runtime/ includes platforms/, schemas/ and itself" \
  '#include "(client|coordinator|simulator)/' runtime
nothing_matches "client/ does not know the coordinator" '#include "(coordinator|simulator)/' client
nothing_matches "coordinator/ does not know the client" '#include "(client|simulator)/' coordinator
nothing_matches "the state machines touch no socket, thread or file" \
  '#include (<(thread|mutex|fstream|cstdio|zmq.*)>|"runtime/net/)' \
  client/session coordinator/session
nothing_matches "the coordinator's machine knows nothing of counting" \
  '#include "coordinator/counting/' coordinator/session
nothing_matches "the coordinator's machine knows nothing of reports" \
  '#include "runtime/report/' coordinator/session
nothing_matches "the state machines read no clock" '_clock::now' client/session coordinator/session
nothing_matches "instruction sets are named in platforms/ alone" \
  'immintrin|arm_neon|__SSE|__AVX|__ARM' runtime client coordinator simulator bench

run grep -rlE '#include [<"]zmq' --include='*.cpp' --include='*.h' runtime client coordinator simulator
[ -z "$(grep -v '^runtime/net/' <<<"$output")" ] || complain "libzmq is known in runtime/net alone"
run grep -rlE '#include <Eigen' --include='*.cpp' --include='*.h' runtime client coordinator simulator
[ -z "$(grep -v '^runtime/models/' <<<"$output")" ] ||
  complain "Eigen is known in runtime/models alone"
run grep -rlE '#include <(sqlite3|zstd)' --include='*.cpp' --include='*.h' runtime client coordinator \
  simulator bench
[ -z "$(grep -vE '^(coordinator/ledger/|simulator/proving/disk_vfs)' <<<"$output")" ] ||
  complain "SQLite and zstd are known in coordinator/ledger, and to the disk it is proved on, alone"
run grep -rlE '#include <random>|std::rand\b' --include='*.cpp' --include='*.h' runtime client \
  coordinator simulator platforms
[ -z "$output" ] || complain "randomness is Philox"

finish
