// Any bytes as a config file: refused in a sentence, or taken; and a run that was taken, written as
// config_as_run writes it, is taken again and means the same.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/data/dataset.h"
#include "runtime/report/config_file.h"
#include "runtime/report/config_values.h"
#include "runtime/report/options.h"

namespace {

using namespace psephos;

// Made once: declaring options takes longer than reading a file.
struct Program {
  Program() {
    add_config_option(app, source);
    add_run_options(app, run);
    add_output_options(app, output);
    for (const CLI::Option* option : app.get_options({})) {
      defaults.push_back(option->get_default_str());
    }
  }

  // As if no file had been read.
  void begin_again() {
    app.clear();
    run = {};
    output = {};
    auto initial = defaults.begin();
    for (CLI::Option* option : app.get_options({})) option->default_str(*initial++);
  }

  CLI::App app{"Counts votes."};
  ConfigSource source;
  RunOptions run;
  OutputOptions output;
  std::vector<std::string> defaults;
};

struct Client {
  Client() { refuse_run_options(app); }
  CLI::App app;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)config_values(text);
  static Client client;
  client.app.clear();
  (void)apply_config(client.app, text, "device.toml");

  static Program first;
  first.begin_again();
  if (const auto applied = apply_config(first.app, text, "run.toml"); !applied) {
    PSEPHOS_CHECK(applied.error().text.starts_with("run.toml:"), "an error names the file");
    return 0;
  }
  // No folder is begun for what is no run.
  if (!check_dataset_words(first.run.dataset, first.run.test_fraction)) return 0;
  if (!to_run_config(first.run)) return 0;
  const std::string written = config_as_run(first.app);
  static Program again;
  again.begin_again();
  PSEPHOS_CHECK(apply_config(again.app, written, "config.toml").ok(), "what we write, we read");
  PSEPHOS_CHECK(config_as_run(again.app) == written, "and it means the same");
  return 0;
}
