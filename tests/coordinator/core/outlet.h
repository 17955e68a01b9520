#pragma once
// What a coordinator says and asks for, kept for tests; and the frames of a client that votes.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "coordinator/ledger/memory_ledger.h"
#include "runtime/signs/ballot_codec.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::coordinator::testing {

struct KeepingOutlet : Outlet {
  void send(const std::string& peer, const Frame& frame) override {
    sent.emplace_back(peer, frame);
    bytes += frame->size();
  }
  void evaluate(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) override {
    evaluations.emplace_back(round, std::move(x));
  }
  void round_finished(const RoundRow& row) override { rows.push_back(row); }
  void evaluation_known(const EvaluationRow& row) override { evaluation_rows.push_back(row); }
  void note(const std::string& text) override { notes.push_back(text); }

  std::vector<std::pair<std::string, Frame>> sent;
  std::uint64_t bytes = 0;
  std::vector<std::pair<std::uint32_t, std::shared_ptr<const AlignedVector<float>>>> evaluations;
  std::vector<RoundRow> rows;
  std::vector<EvaluationRow> evaluation_rows;
  std::vector<std::string> notes;
};

inline Frame join_frame(const std::string& name) {
  wire::Join join;
  join.name = name;
  join.arithmetic = "test";
  return wire::build(join);
}

// `signs`: one character per parameter. `scales`: what it reports, one per tensor or none.
inline Frame vote_frame(std::uint64_t session, std::uint64_t run, std::uint32_t round,
                        const std::string& signs, std::vector<float> scales = {}) {
  const EncodedSigns votes = encode(psephos::testing::signs_of(signs));
  wire::Ballot ballot;
  ballot.session = session;
  ballot.run = run;
  ballot.round = round;
  ballot.encoding = votes.encoding;
  ballot.planes = votes.planes;
  ballot.scales = std::move(scales);
  return wire::build(ballot);
}

}  // namespace psephos::coordinator::testing
