#pragma once
// The running count of one round's ballots, in bit-sliced counters: plane p holds bit p of every
// coordinate's count, so memory is planes*d/8 bytes however many voters there are. Binary and
// ternary ballots mix: a tally is a negative counter, a voted counter (ternary ballots only) and
// the number of all-voting ballots; net = voted + all - 2*negative (packed signs:
// WIRE.md).
//
// Tallies add exactly and commutatively: the order of ballots, threads or relays never shows.
// Not thread-safe: one tally, one thread; merge afterwards. That holds for reads, too: the first
// read after an add() counts the ballots still waiting in the group.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "platforms/kernels/kernels.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/signs/packed_signs.h"
#include "runtime/vote/vote_counts.h"

namespace psephos {

inline constexpr std::uint32_t kMaxVoters = 1u << 20;  // per tally; bounds counters at 21 planes
inline constexpr std::size_t kTallyGroup = 16;  // ballots counted in one pass over the planes
// A thread is worth starting for so many words: two million parameters.
inline constexpr std::size_t kTallyWordsOfAThread = std::size_t{1} << 16;

class Tally : public VoteCounts {
 public:
  // Large tallies count and decide on up to `threads` threads, each a range of words.
  explicit Tally(std::size_t parameters, unsigned threads = 1);

  // Takes one voter's ballot (canonical, of this tally's d). Ballots are kept until a group is
  // full, so that memory is the counters' and one group's. At most kMaxVoters, merges included.
  void add(PackedSigns ballot);
  // The same without a copy: `keeper` keeps the planes alive until they are counted.
  void add(const SignsView& ballot, std::shared_ptr<const void> keeper);

  // Adds one ballot each of many voters, all at once: range by range of words, so that the counters
  // stay in the cache while the ballots go by.
  void add_all(std::span<const SignsView> ballots);

  // Adds every vote of `other` (same d, not this tally itself).
  void merge(const Tally& other);

  std::size_t parameters() const override { return parameters_; }
  std::uint32_t voters() const override { return all_voters_ + ternary_voters_; }
  PackedSigns decide(std::uint32_t margin) const override;
  void net(std::size_t first, std::span<std::int32_t> into) const override;

  // (votes +) - (votes -) at parameter i. For tests and reports.
  std::int64_t net(std::size_t i) const;

  // Forgets all votes.
  void clear();

  // A self-describing byte string and back; parse trusts nothing and refuses any other d. Seven
  // little-endian 32-bit words: "PSTY", version 1, d, all-voters, ternary voters, planes of the
  // negative counter, planes of the voted counter; then those planes. A counter has as many planes
  // as its greatest possible count has bits, so equal tallies are equal bytes.
  Bytes serialise() const;
  static Result<Tally> parse(std::span<const std::uint8_t> bytes, std::size_t parameters);

 private:
  // One bit-sliced counter, plane after plane (kernels.h, CounterPlanes).
  struct Counter {
    AlignedVector<std::uint32_t> planes;
    std::size_t plane_count = 0;

    // Forgets the counts but keeps their memory for the next round's.
    void clear() {
      planes.clear();
      plane_count = 0;
    }
    // Makes room for counts up to `maximum`.
    void widen(std::uint32_t maximum, std::size_t words);
    void count(std::span<const std::uint32_t* const> bits, std::uint32_t maximum, std::size_t words,
               unsigned threads);
    kernels::CounterPlanes range(std::size_t begin, std::size_t end, std::size_t words);
    void merge(const Counter& other, std::uint32_t maximum, std::size_t words);
    std::int64_t at(BitPosition position, std::size_t words) const;
  };

  // A ballot of the group, and what owns its planes.
  struct Waiting {
    SignsView ballot;
    std::shared_ptr<const void> keeper;
  };

  // The planes of some ballots.
  struct BallotPlanes {
    std::vector<const std::uint32_t*> signs;
    std::vector<const std::uint32_t*> voted;  // of those that did not vote everywhere
    void take(const SignsView& ballot);
  };

  // Enters a voter; its planes are counted by others.
  void enter(const SignsView& ballot);
  void count(const BallotPlanes& planes) const;
  // Counts the ballots of the group. Const because no vote appears or goes: only where it is kept.
  void fold() const;

  std::size_t parameters_;
  unsigned threads_;
  std::uint32_t all_voters_ = 0;
  std::uint32_t ternary_voters_ = 0;
  mutable std::vector<Waiting> group_;  // not yet in the counters
  mutable Counter negative_;            // counts to all_voters_ + ternary_voters_
  mutable Counter voted_;               // counts to ternary_voters_
};

}  // namespace psephos
