#pragma once
// For what a text says, where gtest alone has no matcher.

#include <string_view>

namespace psephos::testing {

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace psephos::testing
