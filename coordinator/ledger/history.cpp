#include "coordinator/ledger/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "runtime/base/check.h"

namespace psephos::coordinator {
namespace {

Result<CheckpointRef> nearest_checkpoint(LedgerFile& file, std::uint32_t round) {
  const auto rounds = file.checkpoints();
  if (!rounds) return rounds.error();
  std::optional<Error> why_not;
  for (auto kept = rounds->rbegin(); kept != rounds->rend(); ++kept) {
    if (*kept > round) continue;
    auto checkpoint = file.checkpoint(*kept);
    if (checkpoint) return checkpoint;
    if (!why_not) why_not = checkpoint.error();
  }
  return why_not.value_or(
      Error{fmt::format("{}: has no checkpoint to begin with: go on from a backup", file.path())});
}

}  // namespace

Result<Replay> replay_to(LedgerFile& file, std::uint32_t round, unsigned threads) {
  PSEPHOS_CHECK(file.run() && round <= file.rounds(), "a round that was never decided");
  const auto checkpoint = nearest_checkpoint(file, round);
  if (!checkpoint) return checkpoint.error();
  const auto named = [&file](const Error& error) { return Error{file.path() + ": " + error.text}; };
  auto replay = Replay::of_parameters(**checkpoint, *file.run());
  if (!replay) return named(replay.error());
  auto reader = DecisionReader::from(file, replay->round());
  if (!reader) return reader.error();
  while (replay->round() < round) {
    const auto stored = reader->next();
    if (!stored) return stored.error();
    if (const Status applied = replay->apply(*stored->record, nullptr, threads); !applied) {
      return named(applied.error());
    }
  }
  return replay;
}

}  // namespace psephos::coordinator
