// What is in a ledger's file: rows as values, each checked against its checksum.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "coordinator/ledger/ledger_file.h"
#include "coordinator/ledger/packed.h"
#include "coordinator/ledger/tables.h"
#include "runtime/base/check.h"
#include "runtime/rules/rule_state.h"
#include "runtime/vote/net_counts.h"
#include "runtime/vote/tally.h"
#include "runtime/wire/limits.h"

namespace psephos::coordinator {
namespace {

using sqlite::Statement;

Bytes bytes_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

bool read_floats(std::span<const std::uint8_t> bytes, std::vector<float>& floats) {
  floats.resize(bytes.size() / sizeof(float));
  if (!floats.empty()) std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
  return bytes.size() % sizeof(float) == 0;
}

}  // namespace

Result<StoredDecision> LedgerFile::decision(std::uint32_t round) {
  VoterNames names;
  return decision(round, names);
}

Result<StoredDecision> LedgerFile::decision(std::uint32_t round, VoterNames& names) {
  auto select = database_.prepare(
      "SELECT delta, keep, decay_pending, voters, fingerprint, events, left_out, encoding,"
      " checksum, chain, scales, counted, planes, steps, local_lr, batch, counts_hash"
      " FROM decisions WHERE round = ?1");
  if (!select) return select.error();
  const auto row = select->bind(round).step();
  if (!row) return row.error();
  if (!*row)
    return Error{fmt::format("{}: round {} is missing: go on from a backup", path(), round)};
  const auto broken = [&] { return damaged(fmt::format("the row of round {}", round)); };
  auto record = std::make_shared<DecisionRecord>();
  record->round = round;
  record->delta = static_cast<float>(select->real(0));
  record->keep = static_cast<float>(select->real(1));
  record->decay_pending = select->real(2);
  record->voters = as_word(select->integer(3));
  record->fingerprint = as_unsigned(select->integer(4));
  const std::int64_t encoding = select->integer(7);
  if (encoding < 0 || encoding > static_cast<std::int64_t>(Encoding::kChange)) return broken();
  record->votes.encoding = static_cast<Encoding>(encoding);
  if (!read_floats(select->blob(10), record->next.scales) ||
      !read_floats(select->blob(13), record->steps)) {
    return broken();
  }
  record->next.local_lr = static_cast<float>(select->real(14));
  record->next.batch = as_word(select->integer(15));
  record->counts_hash = as_unsigned(select->integer(16));
  auto counted = name_voters(round, select->blob(11), names);
  if (!counted) return counted.error();
  record->counted = *std::move(counted);
  record->votes.planes = bytes_of(select->blob(12));

  StoredDecision stored;
  stored.events = as_word(select->integer(5));
  stored.left_out = as_word(select->integer(6));
  const std::span<const std::uint8_t> chain = select->blob(9);
  const std::string hashed = canonical(*record, stored.events, stored.left_out);
  if (chain.size() != stored.chain.size() ||
      as_unsigned(select->integer(8)) != row_checksum(hashed)) {
    return broken();
  }
  std::copy(chain.begin(), chain.end(), stored.chain.begin());
  stored.record = std::move(record);
  return stored;
}

Result<std::vector<CountedBallot>> LedgerFile::name_voters(std::uint32_t round,
                                                           std::span<const std::uint8_t> numbered,
                                                           VoterNames& names) {
  const auto broken = [&] { return damaged(fmt::format("the list of voters of round {}", round)); };
  if (numbered.size() % kNumberedVoter != 0) return broken();
  if (names.size() > kVoterNamesKept) names.clear();
  auto select = database_.prepare("SELECT identity, checksum FROM voters WHERE number = ?1");
  if (!select) return select.error();
  std::vector<CountedBallot> counted;
  counted.reserve(numbered.size() / kNumberedVoter);
  for (; !numbered.empty(); numbered = numbered.subspan(kNumberedVoter)) {
    std::uint32_t number = 0;
    std::memcpy(&number, numbered.data(), sizeof number);
    const std::uint32_t age = numbered[sizeof number];
    if (age > round) return broken();
    auto known = names.find(number);
    if (known == names.end()) {
      auto name = name_of(number, *select);
      if (!name) return name.error();
      known = names.emplace(number, *std::move(name)).first;
    }
    counted.push_back({known->second, round - age});
  }
  return counted;
}

Result<std::string> LedgerFile::name_of(std::uint32_t voter, Statement& select) {
  const auto row = select.bind(voter).step();
  if (!row) return row.error();
  const auto broken = [&] { return damaged(fmt::format("the row of voter {}", voter)); };
  if (!*row) return broken();
  std::string name(select.text(0));
  if (as_unsigned(select.integer(1)) != row_checksum(canonical_voter(voter, name))) return broken();
  return name;
}

Result<std::optional<std::uint32_t>> LedgerFile::number_of(const std::string& identity) {
  auto select = database_.prepare("SELECT number, checksum FROM voters WHERE identity = ?1");
  if (!select) return select.error();
  const auto row = select->bind(identity).step();
  if (!row) return row.error();
  if (!*row) return std::optional<std::uint32_t>();
  const std::uint32_t number = as_word(select->integer(0));
  if (as_unsigned(select->integer(1)) != row_checksum(canonical_voter(number, identity))) {
    return damaged(fmt::format("the row of voter {}", number));
  }
  return std::optional(number);
}

Result<bool> LedgerFile::is_counted(const CountedBallot& ballot, std::uint32_t last) {
  PSEPHOS_CHECK(ballot.round <= last && last < rounds_, "decisions that were never made");
  const auto number = number_of(ballot.identity);
  if (!number) return number.error();
  if (!*number) return false;
  auto select = database_.prepare("SELECT voters, counted FROM decisions WHERE round = ?1");
  if (!select) return select.error();
  for (std::uint32_t round = ballot.round; round <= last; ++round) {
    const auto row = select->bind(round).step();
    if (!row) return row.error();
    const std::span<const std::uint8_t> counted =
        *row ? select->blob(1) : std::span<const std::uint8_t>();
    if (!*row || counted.size() != kNumberedVoter * as_unsigned(select->integer(0))) {
      return damaged(fmt::format("the list of voters of round {}", round));
    }
    std::array<std::uint8_t, kNumberedVoter> wanted{};
    std::memcpy(wanted.data(), &**number, sizeof **number);
    wanted.back() = static_cast<std::uint8_t>(round - ballot.round);
    for (std::size_t at = 0; at < counted.size(); at += kNumberedVoter) {
      if (std::ranges::equal(counted.subspan(at, kNumberedVoter), wanted)) return true;
    }
  }
  return false;
}

Result<Membership> LedgerFile::membership(const StoredDecision& decision) {
  auto select = database_.prepare(
      "SELECT place, kind, identity, checksum FROM membership WHERE round = ?1 ORDER BY place");
  if (!select) return select.error();
  const std::uint32_t round = decision.record->round;
  const auto broken = [&] {
    return damaged(fmt::format("the list of who came and went before round {}", round + 1));
  };
  Membership membership;
  membership.left_out = decision.left_out;
  select->bind(round);
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) break;
    const std::int64_t kind = select->integer(1);
    const auto place = static_cast<std::uint32_t>(membership.events.size());
    if (kind < 0 || kind > static_cast<std::int64_t>(MembershipEvent::Kind::kLeft) ||
        select->integer(0) != place) {
      return broken();
    }
    const MembershipEvent event{static_cast<MembershipEvent::Kind>(kind),
                                std::string(select->text(2))};
    if (as_unsigned(select->integer(3)) != row_checksum(canonical(round, place, event))) {
      return broken();
    }
    membership.events.push_back(event);
  }
  if (membership.events.size() != decision.events) return broken();
  return membership;
}

Result<std::vector<std::uint32_t>> LedgerFile::checkpoints() {
  auto select = database_.prepare("SELECT round FROM checkpoints ORDER BY round");
  if (!select) return select.error();
  std::vector<std::uint32_t> rounds;
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return rounds;
    rounds.push_back(as_word(select->integer(0)));
  }
}

Result<CheckpointRef> LedgerFile::checkpoint(std::uint32_t round) {
  auto checkpoint = read_checkpoint(round);
  if (!checkpoint) damaged_.insert(round);
  return checkpoint;
}

Result<CheckpointRef> LedgerFile::read_checkpoint(std::uint32_t round) {
  auto select = database_.prepare(
      "SELECT fingerprint, size, rule_size, checksum, packed, rule FROM checkpoints"
      " WHERE round = ?1");
  if (!select) return select.error();
  const auto row = select->bind(round).step();
  if (!row) return row.error();
  const auto broken = [&] { return damaged(fmt::format("the checkpoint of round {}", round)); };
  if (!*row) return broken();
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->round = round;
  checkpoint->fingerprint = as_unsigned(select->integer(0));
  const std::uint64_t size = as_unsigned(select->integer(1));
  const std::uint64_t rule_size = as_unsigned(select->integer(2));
  const std::span<const std::uint8_t> packed = select->blob(4);
  const std::span<const std::uint8_t> rule = select->blob(5);
  const std::uint64_t checksum =
      row_checksum(canonical(*checkpoint, size, rule_size, packed, rule));
  if (as_unsigned(select->integer(3)) != checksum ||
      size > wire::max_checkpoint_bytes(run_->parameters) ||
      rule_size > max_rule_state_bytes(run_->parameters)) {
    return broken();
  }
  auto bytes = unpack(packed, size);
  auto state = unpack(rule, rule_size);
  if (!bytes || !state) return broken();
  checkpoint->bytes = *std::move(bytes);
  checkpoint->rule = *std::move(state);
  return CheckpointRef(std::move(checkpoint));
}

Result<CountsRef> LedgerFile::counts(const DecisionRecord& record) {
  if (record.counts_hash == 0) return CountsRef();
  auto select = database_.prepare("SELECT size, packed FROM counts WHERE round = ?1");
  if (!select) return select.error();
  const auto row = select->bind(record.round).step();
  if (!row) return row.error();
  if (!*row) return CountsRef();
  const auto broken = [&] { return damaged(fmt::format("the counts of round {}", record.round)); };
  const std::uint64_t size = as_unsigned(select->integer(0));
  if (size > NetCounts::max_bytes(run_->parameters, kMaxVoters)) return broken();
  auto bytes = unpack(select->blob(1), size);
  if (!bytes || hash_counts(*bytes) != record.counts_hash) return broken();
  return std::make_shared<const Bytes>(*std::move(bytes));
}

Result<std::vector<EpochRecord>> LedgerFile::epochs() {
  auto select = database_.prepare("SELECT epoch, round, lost, checksum FROM epochs ORDER BY epoch");
  if (!select) return select.error();
  std::vector<EpochRecord> epochs;
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return epochs;
    const EpochRecord epoch{as_word(select->integer(0)), as_word(select->integer(1)),
                            as_word(select->integer(2))};
    if (as_unsigned(select->integer(3)) != row_checksum(canonical(epoch))) {
      return damaged("the list of epochs");
    }
    epochs.push_back(epoch);
  }
}

Status LedgerFile::check_pages() {
  const auto said = database_.text("PRAGMA integrity_check(1)");
  if (!said) return said.error();
  if (*said == "ok") return Ok{};
  return Error{fmt::format("{}: is damaged ({}): go on from a backup", path(), *said)};
}

Status LedgerFile::check_voters() {
  auto select = database_.prepare("SELECT number, identity, checksum FROM voters");
  if (!select) return select.error();
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return Ok{};
    const std::uint64_t number = as_unsigned(select->integer(0));
    const std::uint64_t checksum = row_checksum(canonical_voter(number, select->text(1)));
    if (as_unsigned(select->integer(2)) != checksum) {
      return damaged(fmt::format("the row of voter {}", number));
    }
  }
}

Result<LedgerFile::Rows> LedgerFile::count_rows() {
  auto select = database_.prepare(
      "SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM decisions),"
      " (SELECT count(*) FROM membership), (SELECT count(*) FROM voters),"
      " (SELECT count(*) FROM counts)");
  if (!select) return select.error();
  if (const auto row = select->step(); !row) return row.error();
  return Rows{select->integer(0), select->integer(1), select->integer(2), select->integer(3),
              select->integer(4)};
}

Result<DecisionReader> DecisionReader::from(LedgerFile& file, std::uint32_t round) {
  PSEPHOS_CHECK(file.run(), "a ledger without a run");
  auto chain = file.chain_before(round);
  if (!chain) return chain.error();
  return DecisionReader(file, round, *chain);
}

Result<StoredDecision> DecisionReader::next() {
  auto stored = file_->decision(round_, names_);
  if (!stored) return stored.error();
  chain_ = next_chain(chain_, canonical(*stored->record, stored->events, stored->left_out));
  if (chain_ != stored->chain) {
    return Error{
        fmt::format("{}: round {} does not continue the chain of those before: go on from "
                    "a backup",
                    file_->path(), round_)};
  }
  ++round_;
  return stored;
}

}  // namespace psephos::coordinator
