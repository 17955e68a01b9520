#pragma once
// --config FILE, of every program: settings under the flags' names without dashes, as lines of
// TOML (config_text.h). They become the flags' defaults, so that a flag on the command line
// overrides them; and they go through the same checks, overridden or not.
//
// A file has no say in where results go: --out, --json, --quiet and whatever else is marked
// configurable(false) is for the command line. Whoever starts a run again from its folder's
// config.toml overwrites nothing.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/report/cli_fwd.h"

namespace psephos {

inline constexpr std::size_t kMostConfigBytes = std::size_t{1} << 20;

// Where a config file sets what: for sentences about a flag that nobody typed.
struct ConfigSource {
  std::string file;                          // empty: there is none
  std::map<std::string, std::size_t> lines;  // by flag (--lr); overridden ones are not in it

  // "run.toml:3: --beta 7: ..." of "--beta 7: ..." where the file sets that flag; else `text`.
  std::string explain(std::string text) const;
};

// Gives `app`'s flags the values that `text` sets, from the memory alone. Refused under `name` and
// the line: what is not TOML or not a setting, a key twice, a key that is no flag (with the nearest
// that is), one that a file has no say in, a value that the flag would refuse. A refused text
// leaves the flags changed as far as it was read.
Result<ConfigSource> apply_config(CLI::App& app, std::string_view text, std::string_view name);

// Declares --config FILE; parse_command_line reads the file, before it takes the flags beside it,
// and fills `source`. Both must outlive that.
void add_config_option(CLI::App& app, ConfigSource& source);

// The configuration in use, as TOML: every flag but those of output and those in `left_out`, each
// with its default where it wasn't given, under its help text. What a run folder keeps as
// config.toml: --config starts the same run from it.
std::string config_as_run(const CLI::App& app, const std::vector<std::string>& left_out = {});

}  // namespace psephos
