#include "runtime/base/nearest_name.h"

#include <algorithm>
#include <numeric>

namespace psephos {
namespace {

constexpr std::size_t kPart = 3;  // shorter words are parts of too many names to mean one

// Levenshtein's: characters to insert, delete or change.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& names) {
  // One slip in three letters; beyond that it is another word.
  std::size_t least = std::max<std::size_t>(1, (word.size() + 1) / 3) + 1;
  std::string nearest;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  if (!nearest.empty() || word.size() < kPart) return nearest;
  // What was left out may be longer than what was written. A part of several names means none.
  for (const std::string& name : names) {
    if (name.find(word) == std::string::npos) continue;
    if (!nearest.empty()) return "";
    nearest = name;
  }
  return nearest;
}

}  // namespace psephos
