#pragma once
// Counters and counting rooms of a run, in one line.

#include <cstdint>
#include <memory>
#include <utility>

#include "coordinator/counting/counting_room.h"
#include "coordinator/counting/cpu_counter.h"

namespace psephos::coordinator::testing {

inline TensorTable one_tensor(std::size_t d) {
  return {{"weight", 0, static_cast<std::uint32_t>(d), 0.25F}};
}

// Of a model of one tensor.
inline CounterStart counter_start(const RunConfig& config, Replica x, std::uint32_t round = 0,
                                  std::unique_ptr<DecisionRule> rule = nullptr) {
  TensorTable tensors = one_tensor(x.size());
  return {config, std::move(tensors), std::move(x), round, 1, std::move(rule)};
}

// A room with the shipping counter; `carried` has what the rule remembers.
inline CountingRoom room_of(const RunConfig& config, const TensorTable& tensors, Replica x,
                            std::uint32_t round, Carried carried) {
  CounterStart start{config, tensors, std::move(x), round, 1, std::move(carried.rule)};
  return CountingRoom(config, std::make_unique<CpuCounter>(std::move(start)), round,
                      std::move(carried));
}

// At the beginning of a run whose ledger outlives its process.
inline Carried first_carried(const RunConfig& config, const TensorTable& tensors) {
  Carried carried;
  carried.terms = first_terms(config, tensors);
  carried.durable = true;
  return carried;
}

inline CountingRoom first_room(const RunConfig& config, Replica x) {
  const TensorTable tensors = one_tensor(x.size());
  return room_of(config, tensors, std::move(x), 0, first_carried(config, tensors));
}

}  // namespace psephos::coordinator::testing
