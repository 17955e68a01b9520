#pragma once
// The flags of psephos-client, and what they say of it: who it is, which run it is in, what it
// holds.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/agent/credentials.h"
#include "client/session/session.h"
#include "runtime/base/result.h"
#include "runtime/data/partition.h"
#include "runtime/report/cli_fwd.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"

namespace psephos::client {

// Seldom, because SD cards wear (docs/reliability.md): a minute of what the rules remember may be
// lost with a power cut.
inline constexpr std::string_view kDefaultStateEvery = "60s";
inline constexpr const char* kDefaultPartition = "iid";

struct ClientFlags {
  std::string connect;
  std::string name;
  std::string dataset = "fashion-mnist";
  std::string partition = kDefaultPartition;
  std::string part;
  std::string run;
  std::string save;
  std::string state;
  std::string state_every;  // empty: kDefaultStateEvery
  std::optional<double> test_fraction;
  std::optional<std::uint32_t> seed;
  std::size_t max_parameters = wire::kDefaultMaxParameters;
  client::CredentialFlags credentials;
  bool quiet = false;
  bool trace = false;
};

struct Part {
  std::uint32_t index;  // from 0
  std::uint32_t of;

  friend bool operator==(const Part&, const Part&) = default;
};

// "3/10": the third of ten. Errors name --part.
Result<Part> parse_part(std::string_view text);

// What the flags say of this client, in words that can be worked with.
struct Membership {
  std::string name;
  std::uint64_t run = wire::kAnyRun;
  std::optional<Part> part;
  PartitionRule rule = partition_rules().first();
  std::optional<std::uint32_t> seed;
  SaveEvery save_every;  // never, where no state is kept
};

// "30s", "5m", "1h", or a number of rounds. Errors name --state-every.
Result<SaveEvery> parse_save_every(std::string_view text);

void add_client_options(CLI::App& app, ClientFlags& flags);

// Everything that can be told wrong before data are read or a socket opened. Usage errors.
Result<Membership> check_client_flags(const ClientFlags& flags);

// For check-config: who would take part where, with what. The same errors.
Result<std::string> membership_in_words(const ClientFlags& flags);

}  // namespace psephos::client
