#pragma once
// "Did you mean ...?" for a flag, a key, a command that does not exist.

#include <string>
#include <string_view>
#include <vector>

namespace psephos {

// Of `names` the one that `word` most likely meant; empty where none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

}  // namespace psephos
