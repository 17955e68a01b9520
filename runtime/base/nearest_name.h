#pragma once
// "Did you mean ...?" for a flag, a key, a command that does not exist.

#include <string>
#include <string_view>
#include <vector>

namespace psephos {

// Of `names` the one that `word` most likely meant: the nearest by slips of the finger, else the
// only one that has it as a part. Empty where there is none.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

}  // namespace psephos
