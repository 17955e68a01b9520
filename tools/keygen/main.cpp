// psephos-keygen: makes a key pair for a coordinator or a client.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "runtime/net/key_file.h"
#include "runtime/report/kernels_option.h"
#include "runtime/report/options.h"

namespace {

using namespace psephos;

constexpr const char* kSteps = R"(Three steps to a run that speaks in secret:
  1. On every machine make a pair. The secret file never leaves it.
       psephos-keygen --out coordinator.key
       psephos-keygen --out kitchen.key
  2. On the coordinator's machine list the clients, one public key a line, then perhaps a name.
     (The list may change while a run goes on; a line that is gone is a client that is out.)
       echo 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID kitchen' >> clients.allow
  3. Give every client the coordinator's public file, coordinator.key.pub, and start both:
       psephos-coordinator --bind tcp://*:5580 --key coordinator.key --allow clients.allow
       psephos-client --connect tcp://HOST:5580 --key kitchen.key --server-key coordinator.key.pub)";

int fail(const std::string& text, int status) {
  fmt::print(stderr, "psephos-keygen: {}\n", text);
  return status;
}

int make(const std::string& out) {
  const auto keys = net::make_curve_keys();
  if (!keys) return fail(keys.error().text, kExitFailure);
  if (const auto written = net::write_key_files(out, *keys); !written) {
    return fail("--out: " + written.error().text, kExitFailure);
  }
  fmt::print("{}\n", keys->public_key);
  return kExitSuccess;
}

int run(int argc, const char* const* argv) {
  CLI::App app(
      "Makes a key pair: FILE with the secret key, readable by its owner alone, and FILE.pub with\n"
      "the public key, which is printed as well. Neither file is ever overwritten.",
      "psephos-keygen");
  app.footer(kSteps);
  app.set_version_flag("--version", [] { return version_text("psephos-keygen"); });
  std::string out;
  app.add_option("--out", out, "where the secret key goes; the public one: FILE.pub")
      ->type_name("FILE")
      ->required();
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  return make(out);
}

}  // namespace

int main(int argc, char** argv) {
  return psephos::finish_output("psephos-keygen", run(argc, argv));
}
