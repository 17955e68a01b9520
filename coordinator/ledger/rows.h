#pragma once
// What a ledger's rows are hashed as. A row's canonical bytes are its fields in order: numbers
// little-endian in their width, floats by their bits, text and bytes behind a 32-bit length, lists
// behind a 32-bit count. Every row keeps the XXH3-64 of them; a decision's also links to the one
// before: chain_k = XXH3-128(chain_{k-1}, canonical bytes of decision k), and chain_{-1} is the
// XXH3-128 of the run's row (--rounds, which may grow, apart).
//
// A decision's counts are in no chain, their hash is: dropping them leaves it whole.
//
// So `psephos-ledger verify` finds every row that says something else than what was written, came,
// or changed places with another; and every row that is gone but for three kinds. The newest
// decisions, taken together with all that belongs to them, leave a ledger that ended earlier: a
// client that was there knows better (a new epoch begins). Epochs are only known to ascend. Of the
// checkpoints x_0 alone must be there: the others save replaying, and follow from it. Where the
// decision rule remembers, so must the two that counts were dropped for.
//
// Hashes without a key: they find what went wrong, not who writes rows and hashes to match.
//
// Pure functions.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "coordinator/ledger/ledger.h"

namespace psephos::coordinator {

// Of the tables, their rows and these bytes. A ledger of a newer one is refused.
inline constexpr std::uint32_t kLedgerFormat = 2;

using Chain = std::array<std::uint8_t, 16>;

std::string canonical(const RunRecord& run);
// `events`: how many rows of membership go with it; `left_out`: Membership's.
std::string canonical(const DecisionRecord& record, std::uint32_t events, std::uint32_t left_out);
std::string canonical(std::uint32_t round, std::uint32_t place, const MembershipEvent& event);
std::string canonical(const EpochRecord& record);
// `size`, `rule_size`: of the checkpoint and of what the rule remembers, before they were
// compressed to `packed` and `rule`.
std::string canonical(const Checkpoint& checkpoint, std::uint64_t size, std::uint64_t rule_size,
                      std::span<const std::uint8_t> packed, std::span<const std::uint8_t> rule);
std::string canonical_voter(std::uint64_t number, std::string_view identity);

std::uint64_t row_checksum(std::string_view canonical);

// Before the first decision; and after one.
Chain first_chain(const RunRecord& run);
Chain next_chain(const Chain& before, std::string_view canonical);

}  // namespace psephos::coordinator
