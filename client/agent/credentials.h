#pragma once
// The client's flags about whom it trusts and who it is, and what they come to.

#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/net/curve_keys.h"
#include "runtime/report/cli_fwd.h"

namespace psephos::client {

struct CredentialFlags {
  std::string key;         // this client's secret key file
  std::string server_key;  // the coordinator's public key file
  bool insecure = false;
};

void add_credential_options(CLI::App& app, CredentialFlags& flags);

// Combinations that make no sense, and speaking in the clear to another machine. `connect`: the
// endpoint. Usage errors.
Status check_credentials(const CredentialFlags& flags, const std::string& connect);

// Reads the files that the flags name; nothing where they name none. Errors name flag and file.
Result<std::optional<net::ClientCurve>> read_credentials(const CredentialFlags& flags);

}  // namespace psephos::client
