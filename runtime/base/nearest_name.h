#pragma once
// "Did you mean ...?" for a flag, a key, a command that does not exist.

#include <string>
#include <string_view>
#include <vector>

namespace psephos {

// Returns the name that `word` most likely meant: the one with the fewest letters to insert, delete
// or change, if they are few; else the only name that contains `word`; else an empty string.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

}  // namespace psephos
