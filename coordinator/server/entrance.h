#pragma once
// The coordinator's flags about who may speak to it, and what they come to: keys and a list of
// clients (CURVE), or, on loopback and with --insecure, everybody in the clear.

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/net/doorman.h"
#include "runtime/report/cli_fwd.h"

namespace psephos::coordinator {

struct EntranceFlags {
  std::string key;    // secret key file
  std::string allow;  // list of clients
  bool insecure = false;
  std::uint32_t max_handshakes = net::kDefaultHandshakesPerSecond;
};

struct Entrance {
  std::optional<net::ServerCurve> curve;
  net::DoorRules rules;
  std::string in_words;  // a line for the log
};

void add_entrance_options(CLI::App& app, EntranceFlags& flags);

// Combinations that make no sense, and speaking in the clear where others can hear it. `bind`: the
// endpoint. Usage errors.
Status check_entrance(const EntranceFlags& flags, const std::string& bind);

// Reads the files that the flags name. Errors name the flag and the file.
Result<Entrance> open_entrance(const EntranceFlags& flags);

}  // namespace psephos::coordinator
