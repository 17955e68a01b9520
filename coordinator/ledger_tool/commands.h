#pragma once
// What psephos-ledger does, command by command. Each prints what it found to stdout and returns
// that all is well (true) or that it found what it looked for amiss (false: exit status 1); errors
// are sentences.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace psephos::coordinator {

struct ListOptions {
  std::uint32_t last = 20;  // so many newest rounds; 0: all
  bool who = false;         // names the voters, and who came and went
};
Result<bool> list(const std::string& ledger, const ListOptions& options);

Result<bool> verify_and_say(const std::string& ledger, unsigned threads);

// x after `round` rounds (none: the newest) as a .npy file. Never in place of the ledger.
Result<bool> export_parameters(const std::string& ledger, std::optional<std::uint32_t> round,
                               const std::filesystem::path& out, unsigned threads);

Result<bool> say_difference(const std::string& one, const std::string& other, unsigned threads);

// Into a file that is not there yet, and is not there half-done, or unless it verifies. It is made
// as `destination` + ".tmp".
Result<bool> back_up(const std::string& ledger, const std::filesystem::path& destination,
                     unsigned threads);

}  // namespace psephos::coordinator
