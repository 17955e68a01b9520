// Any bytes as a config file: refused in a sentence, or taken; and what was taken, written as
// config_as_run writes it, is taken again and means the same.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/check.h"
#include "runtime/report/config_file.h"
#include "runtime/report/config_values.h"
#include "runtime/report/options.h"

namespace {

using namespace psephos;

struct Program {
  Program() {
    add_config_option(app, source);
    add_run_options(app, run);
    add_output_options(app, output);
  }
  CLI::App app{"Counts votes."};
  ConfigSource source;
  RunOptions run;
  OutputOptions output;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)config_values(text);
  CLI::App client;
  refuse_run_options(client);
  (void)apply_config(client, text, "device.toml");

  Program first;
  if (const auto applied = apply_config(first.app, text, "run.toml"); !applied) {
    PSEPHOS_CHECK(applied.error().text.starts_with("run.toml:"), "an error names the file");
    return 0;
  }
  (void)to_run_config(first.run);
  const std::string written = config_as_run(first.app);
  Program again;
  PSEPHOS_CHECK(apply_config(again.app, written, "config.toml").ok(), "what we write, we read");
  PSEPHOS_CHECK(config_as_run(again.app) == written, "and it means the same");
  return 0;
}
