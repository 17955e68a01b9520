#include "simulator/sweep_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/base/files.h"
#include "runtime/base/replace_file.h"
#include "runtime/formats/text_file.h"
#include "runtime/report/config_values.h"

namespace psephos::simulator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAsked = "sweep.toml";
constexpr const char* kValidationTable = "sweep.csv";
constexpr const char* kTestTable = "test.csv";
constexpr std::size_t kMostAskedBytes = std::size_t{1} << 20;
constexpr std::size_t kMostKeysInName = 4;

// What was asked for then and is not now, for a sentence.
std::string first_difference(const std::string& then, const std::string& now) {
  const ConfigValues before = config_values(then);
  const ConfigValues asked = config_values(now);
  const auto value_in = [](const ConfigValues& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("missing") : found->second;
  };
  for (const auto& [key, value] : asked) {
    const std::string was = value_in(before, key);
    if (was != value) return fmt::format("{} was \"{}\", now it is \"{}\"", key, was, value);
  }
  for (const auto& [key, value] : before) {
    if (!asked.contains(key)) return fmt::format("{} was \"{}\"", key, value);
  }
  return "";
}

// Takes a folder that is free, or goes on with one that was asked for the same.
Status claim(const fs::path& directory, const std::string& asked) {
  const fs::path path = directory / kAsked;
  if (!is_there(path)) {
    for (const char* name : {kValidationTable, kTestTable, "metrics.csv", "summary.json"}) {
      if (!is_there(directory / name)) continue;
      return Error{fmt::format("--out: {} holds something else ({}); choose another folder",
                               directory.string(), name)};
    }
    const Status written = replace_file(path, asked);
    if (!written) return Error{"--out: " + written.error().text};
    return Ok{};
  }
  const auto then = read_text_file(path, kMostAskedBytes);
  if (!then) return Error{"--out: " + then.error().text};
  const std::string difference = first_difference(*then, asked);
  if (difference.empty()) return Ok{};
  return Error{
      fmt::format("--out: {} holds another sweep: {}; choose another folder, or ask as "
                  "then to go on with it",
                  directory.string(), difference)};
}

// The descriptor that holds the folder; closed by the kernel however this program ends.
Result<int> lock_folder(const fs::path& directory) {
  const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0 && ::flock(folder, LOCK_EX | LOCK_NB) == 0) return folder;
  const int error = errno;
  if (folder >= 0) ::close(folder);
  if (error == EWOULDBLOCK) {
    return Error{fmt::format("--out: a sweep is at work in {} already", directory.string())};
  }
  return Error{fmt::format("--out: cannot hold {}: {}", directory.string(),
                           std::generic_category().message(error))};
}

}  // namespace

SweepFolder::SweepFolder(int lock, SweepTable validation, SweepTable test)
    : lock_(lock), validation_(std::move(validation)), test_(std::move(test)) {}

SweepFolder::SweepFolder(SweepFolder&& other) noexcept
    : lock_(std::exchange(other.lock_, -1)),
      validation_(std::move(other.validation_)),
      test_(std::move(other.test_)) {}

SweepFolder::~SweepFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<SweepFolder> SweepFolder::open(const fs::path& directory, const std::string& asked,
                                      const Grid& grid) {
  if (const auto made = make_out_folder(directory); !made) return made.error();
  const auto lock = lock_folder(directory);
  if (!lock) return lock.error();
  const auto give_back = [&lock](const Error& why) {
    ::close(*lock);
    return why;
  };
  if (const Status ours = claim(directory, asked); !ours) return give_back(ours.error());
  auto validation = SweepTable::open(directory / kValidationTable, grid, "validation");
  if (!validation) return give_back(validation.error());
  auto test = SweepTable::open(directory / kTestTable, grid, "test");
  if (!test) return give_back(test.error());
  return SweepFolder(*lock, std::move(*validation), std::move(*test));
}

fs::path usual_sweep_folder(const Grid& grid, const std::string& asked) {
  // Of the values alone: a help text that stands beside them may change.
  std::string values;
  for (const auto& [key, value] : config_values(asked)) values += key + "=" + value + "\n";
  const std::uint64_t hash = XXH3_64bits(values.data(), values.size());
  std::string name = "sweep";
  for (std::size_t i = 0; i < std::min(grid.axes.size(), kMostKeysInName); ++i) {
    name += "-" + grid.axes[i].key;
  }
  return fs::path("runs") / fmt::format("{}-{:08x}", name, hash & 0xffffffff);
}

}  // namespace psephos::simulator
