#pragma once
// tests/vectors/frames.hex.

#include <fstream>
#include <map>
#include <string>

namespace psephos::wire::testing {

// Lines "name: hex".
inline std::map<std::string, std::string> golden_frames() {
  std::ifstream file(PSEPHOS_SOURCE_DIR "/tests/vectors/frames.hex");
  std::map<std::string, std::string> frames;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) frames[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return frames;
}

}  // namespace psephos::wire::testing
