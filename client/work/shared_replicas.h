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
#include <unordered_map>

#include "runtime/base/bytes.h"
#include "runtime/replica/replica.h"
#include "runtime/replica/tensor_table.h"

namespace psephos::client {

// A replica that nobody changes any more, and its fingerprint.
struct SharedReplica {
  std::shared_ptr<const Replica> x;
  std::uint64_t fingerprint = 0;
};

class SharedReplicas {
 public:
  // x_0 of these tensors and this seed, if somebody holds it.
  std::optional<SharedReplica> initial(const TensorTable& tensors, std::uint32_t seed);
  void keep_initial(const TensorTable& tensors, std::uint32_t seed, const SharedReplica& x);

  // What the decisions in `frame` made of the replica with fingerprint `before`, if somebody holds
  // it.
  std::optional<SharedReplica> after(const Frame& frame, std::uint64_t before);
  void keep_after(const Frame& frame, std::uint64_t before, const SharedReplica& x);

  // The replica with the same bits that somebody holds already, or `x`.
  SharedReplica intern(SharedReplica x);

 private:
  using Held = std::weak_ptr<const Replica>;
  struct Initial {
    TensorTable tensors;
    std::uint32_t seed = 0;
    std::uint64_t fingerprint = 0;
    Held x;
  };
  struct Transition {
    Frame frame;  // kept, so that its address means this frame and no other
    std::uint64_t before = 0;
    std::uint64_t fingerprint = 0;
    Held x;
  };

  static std::optional<SharedReplica> lock(const Held& held, std::uint64_t fingerprint);

  std::mutex mutex_;
  std::optional<Initial> initial_;
  std::deque<Transition> transitions_;            // newest first, bounded
  std::unordered_map<std::uint64_t, Held> held_;  // by fingerprint
  std::size_t sweep_at_ = 64;  // size of held_ at which the forgotten are removed
};

}  // namespace psephos::client
