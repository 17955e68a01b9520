#include "coordinator/ledger/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "coordinator/ledger/history.h"
#include "runtime/replica/fingerprint.h"

namespace psephos::coordinator {
namespace {

std::size_t first_other_block(const Replay& one, const Replay& other) {
  const std::vector<std::uint64_t> blocks = block_hashes(one.replica().parameters());
  const std::vector<std::uint64_t> others = block_hashes(other.replica().parameters());
  const auto [mine, theirs] = std::ranges::mismatch(blocks, others);
  return static_cast<std::size_t>(mine - blocks.begin());
}

Status step(Replay& replay, DecisionReader& reader, LedgerFile& file, unsigned threads) {
  const auto stored = reader.next();
  if (!stored) return stored.error();
  if (const Status applied = replay.apply(*stored->record, nullptr, threads); !applied) {
    return Error{file.path() + ": " + applied.error().text};
  }
  return Ok{};
}

}  // namespace

Result<std::optional<Difference>> first_difference(LedgerFile& one, LedgerFile& other,
                                                   unsigned threads) {
  if (one.run()->parameters != other.run()->parameters) {
    return Error{fmt::format("{} is of a model with {} parameters, {} of one with {}", one.path(),
                             one.run()->parameters, other.path(), other.run()->parameters)};
  }
  auto mine = replay_to(one, 0);
  if (!mine) return mine.error();
  auto theirs = replay_to(other, 0);
  if (!theirs) return theirs.error();
  auto my_reader = DecisionReader::from(one, 0);
  if (!my_reader) return my_reader.error();
  auto their_reader = DecisionReader::from(other, 0);
  if (!their_reader) return their_reader.error();
  while (mine->fingerprint() == theirs->fingerprint()) {
    if (!my_reader->more() || !their_reader->more()) return std::optional<Difference>();
    if (const Status stepped = step(*mine, *my_reader, one, threads); !stepped) {
      return stepped.error();
    }
    if (const Status stepped = step(*theirs, *their_reader, other, threads); !stepped) {
      return stepped.error();
    }
  }
  return std::optional(Difference{mine->round(), first_other_block(*mine, *theirs)});
}

}  // namespace psephos::coordinator
