#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "coordinator/ledger/ledger_file.h"
#include "coordinator/ledger_tool/commands.h"
#include "runtime/base/units.h"

namespace psephos::coordinator {
namespace {

std::string_view word_of(MembershipEvent::Kind kind) {
  switch (kind) {
    case MembershipEvent::Kind::kJoined:
      return "joined";
    case MembershipEvent::Kind::kSilent:
      return "fell silent";
    case MembershipEvent::Kind::kBack:
      return "was back";
    case MembershipEvent::Kind::kLeft:
      return "left";
  }
  return "?";
}

std::string_view word_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kBinary:
      return "binary";
    case Encoding::kTernary:
      return "ternary";
    case Encoding::kChange:
      return "change";
    case Encoding::kNone:
      break;
  }
  return "none";
}

void print_run(const LedgerFile& file, const std::vector<EpochRecord>& epochs,
               const std::vector<std::uint32_t>& checkpoints) {
  const RunRecord& run = *file.run();
  fmt::print("run {}: {} parameters, {} of {} rounds, x_0 {}\n", format_hex(run.run),
             run.parameters, file.rounds(), run.rounds, run.x0_given ? "given" : "drawn");
  fmt::print("checkpoints of rounds {}\n", fmt::join(checkpoints, ", "));
  for (const EpochRecord& epoch : epochs) {
    fmt::print("epoch {} began at round {}: {} rounds were lost\n", epoch.epoch, epoch.round,
               epoch.lost);
  }
  fmt::print("{}", run.words);
}

void print_who(const StoredDecision& decision, const Membership& membership) {
  for (const MembershipEvent& event : membership.events) {
    fmt::print("        {} {}\n", event.identity, word_of(event.kind));
  }
  if (membership.left_out > 0) {
    fmt::print("        ({} more came and went)\n", membership.left_out);
  }
  for (const CountedBallot& ballot : decision.record->counted) {
    const std::uint32_t age = decision.record->round - ballot.round;
    fmt::print("        {} voted{}\n", ballot.identity,
               age == 0 ? "" : fmt::format(", {} rounds late", age));
  }
}

}  // namespace

Result<bool> list(const std::string& ledger, const ListOptions& options) {
  auto file = LedgerFile::open(ledger, LedgerFile::Use::kLook);
  if (!file) return file.error();
  const auto epochs = file->epochs();
  if (!epochs) return epochs.error();
  const auto checkpoints = file->checkpoints();
  if (!checkpoints) return checkpoints.error();
  print_run(*file, *epochs, *checkpoints);
  const std::uint32_t rounds = file->rounds();
  const std::uint32_t shown = options.last == 0 ? rounds : std::min(rounds, options.last);
  auto reader = DecisionReader::from(*file, rounds - shown);
  if (!reader) return reader.error();
  if (shown > 0) {
    fmt::print("{:>9} {:>12} {:>12} {:>7} {:>8} {:>9}  {}\n", "round", "delta", "keep", "voters",
               "encoding", "bytes", "fingerprint");
  }
  while (reader->more()) {
    const auto decision = reader->next();
    if (!decision) return decision.error();
    const DecisionRecord& record = *decision->record;
    fmt::print("{:>9} {:>12.7g} {:>12.9g} {:>7} {:>8} {:>9}  {}\n", record.round, record.delta,
               record.keep, record.voters, word_of(record.votes.encoding),
               record.votes.planes.size(), format_hex(record.fingerprint));
    if (!options.who) continue;
    const auto membership = file->membership(*decision);
    if (!membership) return membership.error();
    print_who(*decision, *membership);
  }
  return true;
}

}  // namespace psephos::coordinator
