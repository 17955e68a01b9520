// What is put into a ledger's file: each call one transaction.

#include <fmt/format.h>

#include <cstring>
#include <string_view>
#include <utility>

#include "coordinator/ledger/ledger_file.h"
#include "coordinator/ledger/packed.h"
#include "coordinator/ledger/run_words.h"
#include "coordinator/ledger/tables.h"
#include "runtime/base/check.h"
#include "runtime/wire/limits.h"

namespace psephos::coordinator {
namespace {

using sqlite::Transaction;

std::span<const std::uint8_t> bytes_of(const std::vector<float>& floats) {
  return {reinterpret_cast<const std::uint8_t*>(floats.data()), floats.size() * sizeof(float)};
}

bool is_checkpoint_kept(std::uint32_t round) { return round % kCheckpointKeptEvery == 0; }

}  // namespace

Status LedgerFile::begin(const RunRecord& run, const Checkpoint& x_0) {
  PSEPHOS_CHECK(!run_, "a ledger is of one run");
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  for (const std::string_view table : kTables) {
    if (Status made = database_.run(std::string(table).c_str()); !made) return made;
  }
  if (Status inserted = insert(run); !inserted) return inserted;
  if (Status inserted = insert(x_0); !inserted) return inserted;
  if (Status committed = transaction->commit(); !committed) return committed;
  run_ = run;
  chain_ = first_chain(run);
  return settle();
}

Status LedgerFile::insert(const RunRecord& run) {
  auto insert = database_.prepare("INSERT INTO run VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!insert) return insert.error();
  return insert
      ->bind(run.run, run.words, run.parameters, run.rounds, std::uint32_t{run.x0_given},
             run.fingerprint, tensors_text(run.tensors), row_checksum(canonical(run)))
      .run();
}

Status LedgerFile::insert(const Checkpoint& checkpoint) {
  const Bytes packed = pack(checkpoint.bytes);
  const Bytes rule = pack(checkpoint.rule);
  const std::uint64_t size = checkpoint.bytes.size();
  const std::uint64_t rule_size = checkpoint.rule.size();
  auto insert =
      database_.prepare("INSERT OR REPLACE INTO checkpoints VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (!insert) return insert.error();
  return insert
      ->bind(checkpoint.round, checkpoint.fingerprint, size, rule_size,
             row_checksum(canonical(checkpoint, size, rule_size, packed, rule)), std::span(packed),
             std::span(rule))
      .run();
}

// A checkpoint syncs the log before it copies from it.
Status LedgerFile::settle() {
  const auto busy = database_.integer("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return busy.error();
  if (*busy != 0) return Error{path() + ": is being read by somebody: try again"};
  return Ok{};
}

Status LedgerFile::grow(std::uint32_t rounds) {
  RunRecord grown = *run_;
  grown.rounds = rounds;
  auto update = database_.prepare("UPDATE run SET rounds = ?1, checksum = ?2");
  if (!update) return update.error();
  Status updated = update->bind(rounds, row_checksum(canonical(grown))).run();
  if (updated) run_ = std::move(grown);
  return updated;
}

Status LedgerFile::begin_epoch(const EpochRecord& record) {
  auto insert = database_.prepare("INSERT INTO epochs VALUES(?1, ?2, ?3, ?4)");
  if (!insert) return insert.error();
  return insert->bind(record.epoch, record.round, record.lost, row_checksum(canonical(record)))
      .run();
}

// kNumberedVoter bytes a ballot. Voters seen for the first time are given a number.
Result<Bytes> LedgerFile::number_voters(const DecisionRecord& record) {
  auto find = database_.prepare("SELECT number FROM voters WHERE identity = ?1");
  if (!find) return find.error();
  auto add = database_.prepare("INSERT INTO voters VALUES(?1, ?2, ?3)");
  if (!add) return add.error();
  const auto highest = database_.integer("SELECT max(number) FROM voters");
  if (!highest) return highest.error();
  std::uint32_t newest = as_word(*highest);
  Bytes numbered(record.counted.size() * kNumberedVoter);
  std::uint8_t* at = numbered.data();
  for (const CountedBallot& ballot : record.counted) {
    const auto known = find->bind(ballot.identity).step();
    if (!known) return known.error();
    const std::uint32_t number = *known ? as_word(find->integer(0)) : ++newest;
    if (!*known) {
      const std::uint64_t checksum = row_checksum(canonical_voter(number, ballot.identity));
      if (Status added = add->bind(number, ballot.identity, checksum).run(); !added) {
        return added.error();
      }
    }
    const std::uint32_t age = record.round - ballot.round;
    PSEPHOS_CHECK(age <= kMaxStaleness, "a ballot older than any that counts");
    std::memcpy(at, &number, sizeof number);
    at[sizeof number] = static_cast<std::uint8_t>(age);
    at += kNumberedVoter;
  }
  return numbered;
}

Status LedgerFile::insert_counts(std::uint32_t round, const Bytes& counts) {
  auto insert = database_.prepare("INSERT INTO counts VALUES(?1, ?2, ?3)");
  if (!insert) return insert.error();
  const Bytes packed = pack(counts);
  return insert->bind(round, std::uint64_t{counts.size()}, std::span(packed)).run();
}

Status LedgerFile::commit(const DecisionRecord& record, const Membership& membership,
                          const Bytes* counts) {
  PSEPHOS_CHECK(run_ && record.round == rounds_, "decisions are committed in order");
  PSEPHOS_CHECK(membership.events.size() <= kMaxMembershipEvents, "more events than are kept");
  PSEPHOS_CHECK((counts == nullptr) == (record.counts_hash == 0), "counts go with their hash");
  const auto events = static_cast<std::uint32_t>(membership.events.size());
  const std::string hashed = canonical(record, events, membership.left_out);
  const Chain chain = next_chain(chain_, hashed);

  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const auto numbered = number_voters(record);
  if (!numbered) return numbered.error();
  {
    auto insert = database_.prepare(
        "INSERT INTO decisions VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
        "?14, ?15, ?16, ?17, ?18)");
    if (!insert) return insert.error();
    insert->bind(record.round, record.delta, record.keep, record.decay_pending, record.voters,
                 record.fingerprint, events, membership.left_out,
                 static_cast<std::uint32_t>(record.votes.encoding), record.next.local_lr,
                 record.next.batch, record.counts_hash, row_checksum(hashed),
                 std::span<const std::uint8_t>(chain), bytes_of(record.steps),
                 bytes_of(record.next.scales), std::span<const std::uint8_t>(*numbered),
                 std::span<const std::uint8_t>(record.votes.planes));
    if (Status inserted = insert->run(); !inserted) return inserted;
    auto add = database_.prepare("INSERT INTO membership VALUES(?1, ?2, ?3, ?4, ?5)");
    if (!add) return add.error();
    for (std::uint32_t place = 0; place < events; ++place) {
      const MembershipEvent& event = membership.events[place];
      add->bind(record.round, place, static_cast<std::uint32_t>(event.kind), event.identity,
                row_checksum(canonical(record.round, place, event)));
      if (Status added = add->run(); !added) return added;
    }
  }
  if (counts != nullptr) {
    if (Status inserted = insert_counts(record.round, *counts); !inserted) return inserted;
  }
  if (Status committed = transaction->commit(); !committed) return committed;
  ++rounds_;
  chain_ = chain;
  return Ok{};
}

Status LedgerFile::add_checkpoint(const Checkpoint& checkpoint) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  // Counts are dropped for two that are whole. (x_0 stays, so that verify says what happened to
  // it.)
  for (const std::uint32_t round : damaged_) {
    if (round == 0) continue;
    if (Status forgotten = forget_checkpoint(round); !forgotten) return forgotten;
  }
  if (Status inserted = insert(checkpoint); !inserted) return inserted;
  const auto kept = checkpoints();
  if (!kept) return kept.error();
  for (std::size_t i = 0; i + 2 < kept->size(); ++i) {
    if (is_checkpoint_kept((*kept)[i])) continue;
    if (Status forgotten = forget_checkpoint((*kept)[i]); !forgotten) return forgotten;
  }
  // Where the newest checkpoint is damaged the one before it takes its place, and what the rule
  // remembers is worked out from there.
  if (kept->size() >= 2) {
    auto drop = database_.prepare("DELETE FROM counts WHERE round < ?1");
    if (!drop) return drop.error();
    if (Status dropped = drop->bind((*kept)[kept->size() - 2]).run(); !dropped) return dropped;
  }
  Status committed = transaction->commit();
  if (committed) damaged_.clear();
  return committed;
}

Status LedgerFile::forget_checkpoint(std::uint32_t round) {
  auto forget = database_.prepare("DELETE FROM checkpoints WHERE round = ?1");
  if (!forget) return forget.error();
  return forget->bind(round).run();
}

Status LedgerFile::copy_to(const std::string& destination) {
  auto vacuum = database_.prepare("VACUUM INTO ?1");
  if (!vacuum) return vacuum.error();
  return vacuum->bind(destination).run();
}

}  // namespace psephos::coordinator
