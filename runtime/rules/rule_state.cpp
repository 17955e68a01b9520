#include "runtime/rules/rule_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos {
namespace {

constexpr std::uint8_t kFloats = 0;
constexpr std::uint8_t kCounters = 1;

template <class T>
void append(T value, Bytes& bytes) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(&value);
  bytes.insert(bytes.end(), first, first + sizeof value);
}

// A number off the front, or false where there is none.
template <class T>
bool take(std::span<const std::uint8_t>& bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes = bytes.subspan(sizeof value);
  return true;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxRuleVectorName &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

std::size_t count_of(const RuleNumbers& numbers) {
  return std::visit([](const auto& values) { return values.size(); }, numbers);
}

bool finite(const RuleNumbers& numbers) {
  const auto* floats = std::get_if<AlignedVector<float>>(&numbers);
  return floats == nullptr || kernels::kernels().all_finite(floats->data(), floats->size());
}

template <class T>
RuleNumbers take_numbers(std::span<const std::uint8_t>& bytes, std::size_t count) {
  AlignedVector<T> values(count);
  if (count > 0) std::memcpy(values.data(), bytes.data(), count * sizeof(T));
  bytes = bytes.subspan(count * sizeof(T));
  return values;
}

std::string names_of(const RuleSlots& slots) {
  std::string names;
  for (const RuleSlot& slot : slots) names += (names.empty() ? "" : ", ") + std::string(slot.name);
  return names.empty() ? "nothing" : names;
}

// As before the first vote.
RuleState empty_state(const RuleSlots& slots) {
  RuleState state = copy_state(slots);
  for (RuleVector& vector : state) std::visit([](auto& values) { values.clear(); }, vector.numbers);
  return state;
}

Result<RuleVector> take_vector(std::span<const std::uint8_t>& bytes, std::size_t parameters) {
  const Error made_up{"a rule's state is malformed"};
  std::uint8_t length = 0;
  if (!take(bytes, length) || bytes.size() < length) return made_up;
  RuleVector vector;
  vector.name.assign(reinterpret_cast<const char*>(bytes.data()), length);
  bytes = bytes.subspan(length);
  std::uint8_t kind = 0;
  std::uint32_t count = 0;
  const bool whole = is_name(vector.name) && take(bytes, kind) && take(bytes, count);
  if (!whole || kind > kCounters || (count != 0 && count != parameters) ||
      bytes.size() / sizeof(float) < count) {
    return made_up;
  }
  vector.numbers = kind == kFloats ? take_numbers<float>(bytes, count)
                                   : take_numbers<std::uint32_t>(bytes, count);
  if (!finite(vector.numbers)) return made_up;
  return vector;
}

}  // namespace

RuleState copy_state(const RuleSlots& slots) {
  RuleState state;
  for (const RuleSlot& slot : slots) {
    state.push_back(
        {std::string(slot.name),
         std::visit([](const auto* values) { return RuleNumbers(*values); }, slot.numbers)});
  }
  return state;
}

Status restore_state(RuleState state, std::size_t parameters, const RuleSlots& slots) {
  if (state.empty()) state = empty_state(slots);
  const bool names_differ =
      !std::ranges::equal(state, slots, [](const RuleVector& vector, const RuleSlot& slot) {
        return vector.name == slot.name && vector.numbers.index() == slot.numbers.index();
      });
  if (names_differ) {
    return Error{
        fmt::format("it is the state of another rule: this one keeps {}", names_of(slots))};
  }
  for (const RuleVector& vector : state) {
    const std::size_t count = count_of(vector.numbers);
    if (count != 0 && count != parameters) {
      return Error{fmt::format("its {} has {} numbers, and the model {} parameters", vector.name,
                               count, parameters)};
    }
    if (!finite(vector.numbers)) {
      return Error{fmt::format("its {} is not finite", vector.name)};
    }
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    std::visit(
        [&](auto* into) {
          using Values = std::remove_reference_t<decltype(*into)>;
          *into = std::get<Values>(std::move(state[i].numbers));
        },
        slots[i].numbers);
  }
  return Ok{};
}

void append_state(const RuleState& state, Bytes& bytes) {
  PSEPHOS_CHECK(state.size() <= kMaxRuleVectors, "a rule that keeps more vectors than are kept");
  append(static_cast<std::uint32_t>(state.size()), bytes);
  for (const RuleVector& vector : state) {
    PSEPHOS_CHECK(is_name(vector.name), "a vector whose name no reader accepts");
    append(static_cast<std::uint8_t>(vector.name.size()), bytes);
    bytes.insert(bytes.end(), vector.name.begin(), vector.name.end());
    append(vector.numbers.index() == 0 ? kFloats : kCounters, bytes);
    append(static_cast<std::uint32_t>(count_of(vector.numbers)), bytes);
    std::visit(
        [&](const auto& values) {
          const auto* first = reinterpret_cast<const std::uint8_t*>(values.data());
          bytes.insert(bytes.end(), first, first + values.size() * sizeof(values[0]));
        },
        vector.numbers);
  }
}

std::size_t state_bytes(const RuleState& state) {
  std::size_t bytes = 4;
  for (const RuleVector& vector : state) {
    bytes += 1 + vector.name.size() + 1 + 4 + 4 * count_of(vector.numbers);
  }
  return bytes;
}

std::size_t max_rule_state_bytes(std::size_t parameters) {
  return 4 + kMaxRuleVectors * (6 + kMaxRuleVectorName + 4 * parameters);
}

Result<RuleState> take_state(std::span<const std::uint8_t>& bytes, std::size_t parameters) {
  std::uint32_t vectors = 0;
  if (!take(bytes, vectors) || vectors > kMaxRuleVectors) {
    return Error{"a rule's state is malformed"};
  }
  RuleState state;
  for (std::uint32_t i = 0; i < vectors; ++i) {
    auto vector = take_vector(bytes, parameters);
    if (!vector) return vector.error();
    state.push_back(*std::move(vector));
  }
  return state;
}

}  // namespace psephos
