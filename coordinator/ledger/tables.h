#pragma once
// The tables of a ledger, and the numbers in them: shared by the parts of LedgerFile, for nobody
// else. What the rows' bytes are: rows.h.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace psephos::coordinator {

inline constexpr std::size_t kNumberedVoter = 5;  // bytes: its number, the ballot's age in rounds

// In the order of their names. What is large stands last in its row: the rest is then read without
// it. `counted`: kNumberedVoter bytes for each ballot; `steps` and `scales`: floats.
inline constexpr std::array<std::string_view, 7> kTables = {
    "CREATE TABLE checkpoints(round INTEGER PRIMARY KEY, fingerprint INTEGER, size INTEGER,"
    " rule_size INTEGER, checksum INTEGER, packed BLOB, rule BLOB)",
    "CREATE TABLE counts(round INTEGER PRIMARY KEY, size INTEGER, packed BLOB)",
    "CREATE TABLE decisions(round INTEGER PRIMARY KEY, delta REAL, keep REAL, decay_pending REAL,"
    " voters INTEGER, fingerprint INTEGER, events INTEGER, left_out INTEGER, encoding INTEGER,"
    " local_lr REAL, batch INTEGER, counts_hash INTEGER, checksum INTEGER, chain BLOB, steps BLOB,"
    " scales BLOB, counted BLOB, planes BLOB)",
    "CREATE TABLE epochs(epoch INTEGER PRIMARY KEY, round INTEGER, lost INTEGER, checksum INTEGER)",
    "CREATE TABLE membership(round INTEGER, place INTEGER, kind INTEGER, identity TEXT,"
    " checksum INTEGER, PRIMARY KEY(round, place)) WITHOUT ROWID",
    "CREATE TABLE run(run INTEGER, words TEXT, parameters INTEGER, rounds INTEGER,"
    " x0_given INTEGER, fingerprint INTEGER, tensors TEXT, checksum INTEGER)",
    "CREATE TABLE voters(number INTEGER PRIMARY KEY, identity TEXT UNIQUE, checksum INTEGER)",
};

inline std::uint64_t as_unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }
// Checksums are of numbers as they are read, so one that was cut is found or is what was written.
inline std::uint32_t as_word(std::int64_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace psephos::coordinator
