#pragma once
// One copy of the parameters for all clients of a process that agree. What the first of them works
// out from a frame, the others take over; whoever disagrees has a copy of its own. A device, alone
// in its process, does without.
//
// Thread-safe.

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>

#include "runtime/base/bytes.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/replica.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/wire/message.h"

namespace psephos::client {

// A replica at some round, or, with a loader, on its way to a checkpoint's.
struct ReplicaState {
  Replica x;
  // The decision that led to x, which encoding `change` of the next one refers to; none at round 0.
  std::optional<PackedSigns> last;
  RoundTerms terms;  // of the round, as they came with it
  std::optional<CheckpointLoader> loader;
  std::uint64_t fingerprint = 0;  // of x
  // Tells this state from others: equal where x, `last` and terms are; with a loader, its own.
  std::uint64_t number = 0;

  // `tensors`: of the model; `signs`: what the decision's planes mean.
  void decide(PackedSigns signs, const wire::Decision& decision, const TensorTable& tensors);
  // Sets fingerprint and number, after x, `last` and terms were set.
  void identify();

 private:
  void number_anew();
};
using ReplicaRef = std::shared_ptr<ReplicaState>;

class SharedReplicas {
 public:
  // x_0 of these tensors and this seed, with these terms, or null if nobody holds it.
  ReplicaRef initial(const TensorTable& tensors, std::uint32_t seed, const RoundTerms& terms);
  void keep_initial(const TensorTable& tensors, std::uint32_t seed, const ReplicaRef& x);

  // What the job in `frame` made of `before` (null: of anything), or null if nobody holds it.
  ReplicaRef after(const Frame& frame, const ReplicaState* before);

  // Likewise what `decisions` make of it, whatever frame they came in.
  ReplicaRef after(std::span<const wire::Decision> decisions, const ReplicaState& before);
  // `decision` turned the state numbered `before` into `after`.
  void learn(const wire::Decision& decision, std::uint64_t before, const ReplicaState& after);

  // Lets the others have `x`, which nobody may change from now on. Returns it, or the one with the
  // same bits that somebody holds already.
  ReplicaRef keep_after(const Frame& frame, const ReplicaState* before, ReplicaRef x);

 private:
  using Held = std::weak_ptr<ReplicaState>;
  struct Initial {
    TensorTable tensors;
    std::uint32_t seed = 0;
    Held x;
  };
  // A state by its number, and whether it was a replica or on its way.
  struct Before {
    std::uint64_t number = 0;
    bool loading = false;
    bool operator==(const Before&) const = default;
  };
  struct Transition {
    Frame frame;  // kept, so that its address means this frame and no other
    Before before;
    Held x;
  };

  // A decision by its content, and the number of what it was applied to: a change means nothing
  // without the decision before it.
  struct Step {
    std::uint64_t before = 0;
    std::uint64_t decision = 0;
    bool operator==(const Step&) const = default;
  };
  struct HashStep {
    std::size_t operator()(const Step& step) const {
      return static_cast<std::size_t>(step.before ^ step.decision);
    }
  };

  struct Outcome {
    std::uint64_t fingerprint = 0;
    std::uint64_t number = 0;
  };

  static Before number_of(const ReplicaState* state);

  std::mutex mutex_;
  std::optional<Initial> initial_;
  std::deque<Transition> transitions_;                 // newest first, bounded
  std::unordered_map<Step, Outcome, HashStep> steps_;  // to the state after, bounded
  std::unordered_map<std::uint64_t, Held> held_;       // replicas, by number
  std::size_t sweep_at_ = 64;  // size of held_ at which the forgotten are removed
  std::uint64_t loads_ = 0;    // states on their way so far
};

}  // namespace psephos::client
