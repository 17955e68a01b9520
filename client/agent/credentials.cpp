#include "client/agent/credentials.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "runtime/net/key_file.h"
#include "runtime/net/sockets.h"

namespace psephos::client {

void add_credential_options(CLI::App& app, CredentialFlags& flags) {
  const char* group = "Network";
  app.add_option("--key", flags.key,
                 "this client's secret key file (psephos-keygen makes it); its\n"
                 "public key has to be on the coordinator's list")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--server-key", flags.server_key,
                 "the coordinator's public key file: nobody else is spoken to")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--insecure", flags.insecure, "connect to another machine without keys")
      ->group(group);
}

Status check_credentials(const CredentialFlags& flags, const std::string& connect) {
  if (flags.key.empty() != flags.server_key.empty()) {
    return Error{
        flags.key.empty()
            ? "--server-key goes with --key: name this client's own secret key file, too"
            : "--key goes with --server-key: name the file with the coordinator's public key, too"};
  }
  if (!flags.key.empty() && flags.insecure) {
    return Error{"--insecure and --key contradict each other: leave one of them out"};
  }
  if (flags.key.empty() && !flags.insecure && !net::is_loopback(connect)) {
    return Error{fmt::format(
        "{} is another machine and nothing is encrypted: give --key and --server-key "
        "(psephos-keygen --help tells how), or add --insecure if the network between is yours "
        "alone",
        connect)};
  }
  return Ok{};
}

Result<std::optional<net::ClientCurve>> read_credentials(const CredentialFlags& flags) {
  if (flags.key.empty()) return std::optional<net::ClientCurve>();
  auto own = net::read_key_file(flags.key);
  if (!own) return Error{"--key: " + own.error().text};
  auto server = net::read_public_key_file(flags.server_key);
  if (!server) return Error{"--server-key: " + server.error().text};
  return std::optional(net::ClientCurve{std::move(*own), std::move(*server)});
}

}  // namespace psephos::client
