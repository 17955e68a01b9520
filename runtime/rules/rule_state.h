#pragma once
// What a rule remembers from round to round: vectors with names, one number for every parameter.
// Files keep them and hand them back without knowing what they mean; the rule's names, the size and
// finiteness say whether a state is the rule's.
//
// Pure functions, thread-safe.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace psephos {

inline constexpr std::size_t kMaxRuleVectors = 8;      // of one state
inline constexpr std::size_t kMaxRuleVectorName = 32;  // bytes

using RuleNumbers = std::variant<AlignedVector<float>, AlignedVector<std::uint32_t>>;

// A vector as it travels and is kept: d floats or d counters, or none of either: nothing yet.
struct RuleVector {
  std::string name;  // printable ASCII without spaces
  RuleNumbers numbers;
  bool operator==(const RuleVector&) const = default;
};
using RuleState = std::vector<RuleVector>;

// A vector where its rule holds it.
struct RuleSlot {
  std::string_view name;
  std::variant<AlignedVector<float>*, AlignedVector<std::uint32_t>*> numbers;
};
using RuleSlots = std::vector<RuleSlot>;

// Copies of what lies in `slots`.
RuleState copy_state(const RuleSlots& slots);

// Puts `state` where `slots` say; one of no vectors makes all of them empty. Refuses, and changes
// nothing: other names, other kinds, vectors that have neither d = `parameters` numbers nor none,
// floats that are not finite.
Status restore_state(RuleState state, std::size_t parameters, const RuleSlots& slots);

// Appends the bytes of `state` to `bytes`: how many vectors (4 bytes); of each the length of its
// name (1), the name, its kind (1: 0 floats, 1 counters), how many numbers (4), these. All
// little-endian.
void append_state(const RuleState& state, Bytes& bytes);
std::size_t state_bytes(const RuleState& state);
// No state of `parameters` parameters has more.
std::size_t max_rule_state_bytes(std::size_t parameters);

// Takes a state off the front of `bytes`. Sizes are compared with what is there before anything is
// allocated; refuses names, kinds and counts that append_state does not write, and floats that
// are not finite.
Result<RuleState> take_state(std::span<const std::uint8_t>& bytes, std::size_t parameters);

}  // namespace psephos
