#include "runtime/report/config_file.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/base/nearest_name.h"
#include "runtime/base/units.h"
#include "runtime/formats/text_file.h"
#include "runtime/report/config_text.h"

namespace psephos {
namespace {

bool is_hidden(const CLI::Option& option) { return option.get_group().empty(); }

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

// What a file may set, for whoever mistyped it.
std::vector<std::string> known_keys(const CLI::App& app) {
  std::vector<std::string> keys;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_configurable() && !is_hidden(*option)) {
      keys.push_back(option->get_single_name());
    }
  }
  return keys;
}

Result<CLI::Option*> option_of(CLI::App& app, const std::string& key) {
  CLI::Option* option = app.get_option_no_throw("--" + key);
  if (option == nullptr) {
    const std::string near = nearest_name(key, known_keys(app));
    return Error{fmt::format("there is no setting '{}'{}", key,
                             near.empty() ? "" : fmt::format("; did you mean {}?", near))};
  }
  // A hidden one answers for itself: it has no effect here, or says whose business it is.
  if (!option->get_configurable() && !is_hidden(*option)) {
    return Error{fmt::format("{0}: is not for a file to set; give --{0} on the command line", key)};
  }
  return option;
}

// Makes the value the option's default. What the command line gave stays; the file's value is
// checked all the same.
Status set_default(CLI::Option& option, const ConfigSetting& setting) {
  if (is_flag(option) && setting.kind != ConfigValueKind::kBool) {
    return Error{fmt::format("{}: is either true or false", setting.key)};
  }
  const std::vector<std::string> given = option.results();
  const bool taken = option.get_callback_run();
  try {
    option.clear();
    option.add_result(setting.value);
    option.run_callback();
  } catch (const std::exception& error) {  // CLI11's, and what the standard library's parsers throw
    // CLI11 doesn't tell the name of a hidden option.
    const std::string_view text = error.what();
    return Error{fmt::format("{}{}", text.starts_with(':') ? "--" + setting.key : "", text)};
  }
  option.clear();
  option.default_str(setting.value)->required(false);
  if (given.empty()) return Ok{};
  option.add_result(given);
  if (taken) option.run_callback();  // else CLI11 is to check it yet
  return Ok{};
}

Error too_large(std::string_view name, std::uintmax_t bytes) {
  return Error{fmt::format("{}: {} is more than a config file may have ({}): is it one?", name,
                           format_bytes(bytes), format_bytes(kMostConfigBytes))};
}

// CLI11 offers an error of its own for each kind; parse_command_line tells them apart.
[[noreturn]] void refuse_text(const std::string& text) {
  throw CLI::ConfigError(text, CLI::ExitCodes::ConfigError);
}

void load_config(CLI::App& app, const std::string& file, ConfigSource& source) {
  std::error_code unknown;
  const std::uintmax_t bytes = std::filesystem::file_size(file, unknown);
  if (!unknown && bytes > kMostConfigBytes) refuse_text(too_large(file, bytes).text);
  const auto text = read_text_file(file, kMostConfigBytes);
  if (!text) throw CLI::FileError("--config " + text.error().text, CLI::ExitCodes::FileError);
  auto applied = apply_config(app, *text, file);
  if (!applied) refuse_text(applied.error().text);
  source = std::move(*applied);
}

// As a config file writes it; empty where the option has no value.
std::string value_in_use(const CLI::Option& option) {
  const bool given = option.count() > 0;
  if (is_flag(option)) {
    const bool on = given ? option.as<bool>() : option.get_default_str() == "true";
    return on ? "true" : "false";
  }
  const std::string value = given ? option.results().back() : option.get_default_str();
  return value.empty() ? "" : config_value_text(value);
}

// `text` as comment lines.
void comment(std::string& toml, std::string_view text) {
  while (!text.empty()) fmt::format_to(std::back_inserter(toml), "# {}\n", take_line(text));
}

}  // namespace

std::string ConfigSource::explain(std::string text) const {
  const std::size_t begin = text.find("--");
  if (begin == std::string::npos) return text;
  constexpr std::string_view kFlagCharacters = "abcdefghijklmnopqrstuvwxyz-";
  const std::size_t end = std::min(text.find_first_not_of(kFlagCharacters, begin), text.size());
  const auto found = lines.find(text.substr(begin, end - begin));
  if (found == lines.end()) return text;
  return fmt::format("{}:{}: {}", file, found->second, text);
}

Result<ConfigSource> apply_config(CLI::App& app, std::string_view text, std::string_view name) {
  ConfigSource source{std::string(name), {}};
  if (text.size() > kMostConfigBytes) return too_large(name, text.size());
  std::map<std::string, std::size_t> first_lines;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto wrong = [&](std::string_view what) {
      return Error{fmt::format("{}:{}: {}", name, line, what)};
    };
    const auto setting = read_config_line(take_line(text));
    if (!setting) return wrong(setting.error().text);
    if (!*setting) continue;
    const std::string& key = (*setting)->key;
    const auto option = option_of(app, key);
    if (!option) return wrong(option.error().text);
    const auto [first, is_new] = first_lines.emplace(key, line);
    if (!is_new) return wrong(fmt::format("{}: is set in line {} already", key, first->second));
    const bool overridden = (*option)->count() > 0;
    if (const auto set = set_default(**option, **setting); !set) return wrong(set.error().text);
    if (!overridden) source.lines["--" + key] = line;
  }
  return source;
}

void add_config_option(CLI::App& app, ConfigSource& source) {
  app.add_option_function<std::string>(
         "--config", [&app, &source](const std::string& file) { load_config(app, file, source); },
         "settings from a file of lines like lr = 1e-3: names of flags,\n"
         "words in quotes; a flag given as well overrides its line")
      ->type_name("FILE")
      ->configurable(false);
}

std::string config_as_run(const CLI::App& app, const std::vector<std::string>& left_out) {
  std::string toml;
  comment(toml, app.get_description());
  for (const std::string& group : app.get_groups()) {
    bool named = group == "Options";
    for (const CLI::Option* option : app.get_options()) {
      if (!option->get_configurable() || option->get_group() != group) continue;
      const std::string value = value_in_use(*option);
      if (value.empty() || std::ranges::find(left_out, option->get_name()) != left_out.end()) {
        continue;
      }
      if (!std::exchange(named, true)) {
        fmt::format_to(std::back_inserter(toml), "\n# {} Options\n", group);
      }
      toml += '\n';
      comment(toml, option->get_description());
      fmt::format_to(std::back_inserter(toml), "{}={}\n", option->get_single_name(), value);
    }
  }
  return toml;
}

}  // namespace psephos
