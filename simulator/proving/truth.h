#pragma once
// What must be true whatever goes wrong, checked after every step by somebody who keeps his own
// books with plain integers and loops, and shares nothing with what he checks but the codecs, the
// schedule and the fingerprint.
//
// A *line* is a history of decisions. There is one, unless a disk lied: what the coordinator lost
// then, it decides anew, and a second line begins.
//
// Not thread-safe. Every check throws Violation.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "coordinator/ledger/ledger.h"
#include "runtime/base/bytes.h"
#include "runtime/replica/schedule.h"
#include "runtime/run/run_config.h"
#include "runtime/signs/packed_signs.h"
#include "runtime/wire/message.h"
#include "simulator/proving/plain_decisions.h"

namespace psephos::proving {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Truth {
 public:
  Truth(RunConfig config, const TensorTable& tensors, std::span<const float> x_0);

  // ---- the coordinator --------------------------------------------------------------------------

  // A ballot enters the open tally: of an identity that has none in it, and of a round
  // no ballot of that identity was counted for.
  // `scales`: what it reports of v.
  void counted(const coordinator::CountedBallot& ballot, const SignsView& signs,
               std::span<const float> scales);

  // The open tally is gone: with the process, or at the coordinator's own word.
  void tally_lost() { tally_.clear(); }

  // The ledger takes a decision: the next one, of exactly the ballots counted, saying what their
  // sum says, with the schedule's rate and decay, the smallest encoding, and the fingerprint of the
  // parameters it leads to. Whether it is durable is known from `committed` on.
  void decided(const coordinator::DecisionRecord& record, const coordinator::CountsRef& counts);
  void committed();

  // A checkpoint goes to the ledger: of the newest round.
  void checkpointed(const coordinator::Checkpoint& checkpoint);

  // A new epoch is in the ledger.
  void epoch_began(std::uint32_t epoch) { epoch_ = epoch; }

  // A frame leaves the coordinator: what it tells must have been committed. A Decision must list
  // the ballots that it counts, as far as their slots are known; who was invited is not known here.
  void told(std::span<const std::uint8_t> frame);

  // A Welcome tells `identity` its slot. Since the coordinator started nobody else had it, and
  // `identity` had no other: no plan has so few places that a member is forgotten.
  void numbered(const std::string& identity, std::uint32_t slot);

  // A coordinator starts anew from `ledger`, which must hold what was committed, decision by
  // decision; `disk_lied`: or less. A decision that was being committed when it died may be there.
  void restarted(const coordinator::Ledger& ledger, bool disk_lied);

  // ---- clients ----------------------------------------------------------------------------------

  // An honest client's session hands a ballot to its connection: for a round there is one, however
  // often it is sent. `life`: of the process that computed it, where a crash may lose ballots. What
  // a disk lost is voted on anew: once there are several lines, for each of them and for each
  // `replica` (its fingerprint) that is voted from.
  void voted(std::size_t client, std::uint32_t life, std::uint64_t replica,
             const wire::Ballot& ballot);

  // An honest client, `identity` to the coordinator, tells its rules whether its ballot of `round`
  // was counted.
  void settled(const std::string& identity, std::uint32_t round, bool counted) const;

  // A client says that its replica is x_round.
  void reported(std::size_t client, std::uint32_t round, std::uint64_t fingerprint) const;

  // ---- the end ----------------------------------------------------------------------------------

  std::uint32_t rounds() const { return static_cast<std::uint32_t>(line_.size()); }
  std::uint64_t fingerprint() const { return fingerprints_.back(); }
  std::size_t scales() const { return terms_.scales.size(); }
  std::uint32_t lines() const { return lines_; }

 private:
  using Values = std::vector<std::int8_t>;  // -1, 0 or +1 per parameter
  struct Entered {
    std::uint32_t round = 0;
    Values votes;
    std::vector<float> scales;
  };

  std::vector<std::int32_t> net() const;
  Values values(const SignsView& signs) const;
  void check_against_sum(const coordinator::DecisionRecord& record, const Values& decision,
                         std::span<const std::int32_t> net);
  RoundTerms next_terms() const;
  void check_told(const wire::Decision& decision, const char* what) const;
  void check_slots(const wire::Decision& decision) const;
  void apply(const Values& decision, const coordinator::DecisionRecord& record);
  void remember_counted(const coordinator::DecisionRecord& record);
  void rewind(std::uint32_t rounds);

  RunConfig config_;
  TensorTable tensors_;
  std::size_t d_;
  std::map<std::string, Entered> tally_;

  // The present line, and the parameters at its end.
  std::vector<coordinator::DecisionRecord> line_;
  std::vector<std::uint64_t> fingerprints_;  // of x_0, x_1, ...
  std::vector<float> x_0_;
  AlignedVector<float> x_;
  WeightDecay decay_;
  PlainDecisions decisions_;
  RoundTerms terms_;  // of the open round
  std::optional<PackedSigns> last_;
  std::optional<coordinator::DecisionRecord> pending_;  // decided, and not known to be committed

  std::uint32_t lines_ = 1;
  std::uint32_t epoch_ = 0;
  std::set<std::pair<std::uint32_t, std::uint64_t>> known_;  // (round, fingerprint) of every line
  std::map<std::string, std::uint32_t> newest_counted_;      // ballot rounds, committed
  // Slots that this coordinator gave, and the identities that they belong to.
  std::map<std::uint32_t, std::string> slots_;
  // Of (client, life, line, replica, round): a hash of the ballot.
  std::map<std::tuple<std::size_t, std::uint32_t, std::uint32_t, std::uint64_t, std::uint32_t>,
           std::uint64_t>
      ballots_;
};

}  // namespace psephos::proving
