#include "coordinator/server/entrance.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "runtime/net/key_file.h"
#include "runtime/net/sockets.h"
#include "runtime/report/options.h"

namespace psephos::coordinator {

void add_entrance_options(CLI::App& app, EntranceFlags& flags) {
  constexpr std::uint64_t kMostHandshakes = 1'000'000;
  const char* group = "Network";
  app.add_option("--key", flags.key,
                 "this coordinator's secret key file (psephos-keygen makes it);\n"
                 "encrypts everything; goes with --allow")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--allow", flags.allow,
                 "the clients that may come in: a public key a line, then\n"
                 "perhaps a name; read again when it changes")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--insecure", flags.insecure,
               "listen beyond this machine without keys: anybody who reaches\n"
               "the port may vote")
      ->group(group);
  app.add_option("--max-handshakes", flags.max_handshakes,
                 "clients let in per second; more are told to come back")
      ->type_name("N")
      ->check(whole_number(1, kMostHandshakes))
      ->capture_default_str()
      ->group(group);
}

Status check_entrance(const EntranceFlags& flags, const std::string& bind) {
  if (flags.key.empty() != flags.allow.empty()) {
    return Error{flags.key.empty()
                     ? "--allow goes with --key: without keys nobody can be told from anybody"
                     : "--key goes with --allow: name the file that lists the clients' public "
                       "keys"};
  }
  if (!flags.key.empty() && flags.insecure) {
    return Error{"--insecure and --key contradict each other: leave one of them out"};
  }
  if (flags.key.empty() && !flags.insecure && !net::is_loopback(bind)) {
    return Error{fmt::format(
        "{} can be reached from other machines and nothing is encrypted: give --key and --allow "
        "(psephos-keygen --help tells how), bind to 127.0.0.1, or add --insecure if that network "
        "is yours alone",
        bind)};
  }
  return Ok{};
}

Result<Entrance> open_entrance(const EntranceFlags& flags) {
  Entrance entrance;
  entrance.rules.handshakes_per_second = flags.max_handshakes;
  if (flags.key.empty()) {
    entrance.in_words = flags.insecure ? "speaking without encryption (--insecure)"
                                       : "speaking without encryption, on loopback only";
    return entrance;
  }
  const auto keys = net::read_key_file(flags.key);
  if (!keys) return Error{"--key: " + keys.error().text};
  net::AllowFile file(flags.allow);
  auto list = file.read();
  if (!list) return Error{"--allow: " + list.error().text};
  entrance.curve = net::ServerCurve{keys->secret_key};
  entrance.in_words =
      fmt::format("encrypted, with {} clients on the list; this coordinator's public key is {}",
                  list->size(), keys->public_key);
  entrance.rules.list = std::move(*list);
  entrance.rules.file = std::move(file);
  return entrance;
}

}  // namespace psephos::coordinator
