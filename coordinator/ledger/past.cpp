#include "coordinator/ledger/past.h"

#include <algorithm>
#include <cstddef>

#include "runtime/base/check.h"
#include "runtime/wire/limits.h"

namespace psephos::coordinator {
namespace {

// What a decision weighs in a Past frame.
std::size_t bytes_of(const DecisionRecord& record) {
  return record.votes.planes.size() + 4 * (record.next.scales.size() + record.steps.size()) +
         wire::kMaxDecisionOverhead;
}

wire::Past past_for(const Asker& asker, std::uint32_t have_round, std::uint32_t open_round,
                    std::uint64_t session) {
  wire::Past past;
  past.session = session;
  past.have_round = have_round;
  past.counted_through = asker.counted_through;
  past.round = open_round;
  past.vote = asker.vote;
  past.evaluate = asker.evaluate;
  return past;
}

Frame decisions_from(const Ledger& ledger, std::uint32_t first, wire::Past past,
                     std::uint64_t run) {
  std::size_t bytes = 0;
  for (std::uint32_t round = first; round < ledger.rounds(); ++round) {
    const DecisionRef record = ledger.decision(round);
    bytes += bytes_of(*record);
    if (!past.decisions.empty() &&
        (bytes > wire::kCatchUpFrameBytes || past.decisions.size() == wire::kMaxPastDecisions)) {
      break;
    }
    wire::Decision decision;
    decision.session = past.session;
    decision.run = run;
    decision.round = round;
    decision.delta = record->delta;
    decision.keep = record->keep;
    decision.encoding = record->votes.encoding;
    decision.planes = record->votes.planes;
    decision.voters = record->voters;
    decision.fingerprint = record->fingerprint;
    decision.steps = record->steps;
    decision.next = record->next;
    past.decisions.push_back(std::move(decision));
  }
  return wire::build(past);
}

Frame chunk_of(const Checkpoint& checkpoint, std::uint32_t chunk, wire::Past past) {
  const std::size_t total = checkpoint.bytes.size();
  const auto chunks =
      static_cast<std::uint32_t>((total + wire::kChunkBytes - 1) / wire::kChunkBytes);
  if (chunk >= chunks) chunk = 0;
  const std::size_t offset = std::size_t{chunk} * wire::kChunkBytes;
  past.chunk = wire::CheckpointChunk{
      checkpoint.round, checkpoint.fingerprint, chunk, chunks,
      std::span(checkpoint.bytes).subspan(offset, std::min(wire::kChunkBytes, total - offset))};
  return wire::build(past);
}

// Bytes of all decisions from `first` on, or nothing when one of them is out of reach.
std::optional<std::size_t> decisions_bytes(const Ledger& ledger, std::uint32_t first) {
  std::size_t bytes = 0;
  for (std::uint32_t round = first; round < ledger.rounds(); ++round) {
    const DecisionRef record = ledger.decision(round);
    if (!record) return std::nullopt;
    bytes += bytes_of(*record);
  }
  return bytes;
}

}  // namespace

PastFrames::Content PastFrames::choose(const Ledger& ledger, const wire::CatchUp& request,
                                       const Asker& asker) {
  const CheckpointRef newest = ledger.newest_checkpoint();
  PSEPHOS_CHECK(newest, "a ledger holds a checkpoint from round 0 on");
  const bool has_replica =
      request.have_round != wire::kNoRound && request.reason == wire::CatchUpReason::kBehind;
  if (has_replica) {
    const std::optional<std::size_t> missed = decisions_bytes(ledger, request.have_round);
    const std::size_t by_checkpoint =
        newest->bytes.size() + decisions_bytes(ledger, newest->round).value_or(0);
    if (missed && (*missed <= by_checkpoint || newest->round <= request.have_round)) {
      return {false, request.have_round, 0, ledger.rounds(), request.have_round, asker};
    }
    return {true, newest->round, 0, ledger.rounds(), request.have_round, asker};
  }
  // A transfer that has begun goes on with its checkpoint while that is kept; else from the start
  // of the newest.
  if (ledger.checkpoint(request.checkpoint)) {
    return {true, request.checkpoint, request.chunk, ledger.rounds(), request.have_round, asker};
  }
  return {true, newest->round, 0, ledger.rounds(), request.have_round, asker};
}

Frame PastFrames::build(const Ledger& ledger, const Content& content) const {
  wire::Past past = past_for(content.asker, content.have_round, ledger.rounds(), session_);
  if (!content.checkpoint) return decisions_from(ledger, content.round, std::move(past), run_);
  return chunk_of(*ledger.checkpoint(content.round), content.chunk, std::move(past));
}

Frame PastFrames::answer(const Ledger& ledger, const wire::CatchUp& request, const Asker& asker) {
  if (request.reason == wire::CatchUpReason::kBehind && request.have_round != wire::kNoRound &&
      request.have_round >= ledger.rounds()) {
    return nullptr;
  }
  const Content content = choose(ledger, request, asker);
  const auto built = std::ranges::find(built_, content, &Built::content);
  if (built != built_.end()) return built->frame;
  built_.push_front({content, build(ledger, content)});
  if (built_.size() > kPastFramesKept) built_.pop_back();
  return built_.front().frame;
}

}  // namespace psephos::coordinator
