#include "tests/end_to_end/programs.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace psephos::end_to_end {
namespace {

namespace fs = std::filesystem;

constexpr auto kLookAgain = std::chrono::milliseconds(5);
// Enough for the last row of metrics.csv.
constexpr std::streamoff kTailBytes = 1024;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> fields;
  std::istringstream stream(text);
  for (std::string field; std::getline(stream, field, separator);) fields.push_back(field);
  return fields;
}

// A long text without its middle.
std::string shortened(const std::string& text) {
  constexpr std::size_t kShown = 1500;
  if (text.size() <= 2 * kShown) return text;
  return text.substr(0, kShown) + "\n[...]\n" + text.substr(text.size() - kShown);
}

// The last line that is all there, of a file that grows.
std::string last_line(const fs::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  std::string tail(std::istreambuf_iterator<char>(file), {});
  const std::size_t end = tail.rfind('\n');
  if (end == std::string::npos || end == 0) return "";
  tail.resize(end);
  const std::size_t begin = tail.rfind('\n');
  return begin == std::string::npos ? tail : tail.substr(begin + 1);
}

}  // namespace

Flags operator+(Flags first, const Flags& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Flags words(const std::string& text) { return split(text, ' '); }

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) { return split(text, '\n'); }

std::string Csv::at(std::size_t row, const std::string& column) const {
  const auto found = std::ranges::find(columns, column);
  const auto index = static_cast<std::size_t>(found - columns.begin());
  if (found == columns.end() || row >= rows.size() || index >= rows[row].size()) {
    ADD_FAILURE() << "no field " << column << " in row " << row;
    return "";
  }
  return rows[row][index];
}

Csv read_csv(const fs::path& path) {
  Csv csv;
  for (const std::string& line : lines_of(read_text(path))) {
    if (csv.columns.empty()) {
      csv.columns = split(line, ',');
    } else {
      csv.rows.push_back(split(line, ','));
    }
  }
  return csv;
}

EndToEnd::EndToEnd() {
  std::string name = (fs::temp_directory_path() / "psephos-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  scratch_ = name;
}

EndToEnd::~EndToEnd() {
  if (HasFailure()) {
    for (int i = 0; i < started_; ++i) {
      std::cout << "-- what process " << i << " said\n"
                << shortened(read_text(path("logs") / (std::to_string(i) + ".err")));
    }
  }
  std::error_code ignored;
  fs::remove_all(scratch_, ignored);
}

Process EndToEnd::start(const char* program, const Flags& flags,
                        std::optional<std::uint64_t> largest_file) {
  fs::create_directories(path("logs"));
  return Process(Flags{program} + flags, path("logs") / std::to_string(started_++), largest_file);
}

Process EndToEnd::start_coordinator(const Flags& flags, std::optional<std::uint64_t> largest_file) {
  return start(PSEPHOS_COORDINATOR, flags, largest_file);
}

Process EndToEnd::start_client(const Flags& flags, std::optional<std::uint64_t> largest_file) {
  return start(PSEPHOS_CLIENT, flags, largest_file);
}

Process EndToEnd::start_keygen(const Flags& flags, std::optional<std::uint64_t> largest_file) {
  return start(PSEPHOS_KEYGEN, flags, largest_file);
}

Process EndToEnd::start_simulate(const Flags& flags, std::optional<std::uint64_t> largest_file) {
  return start(PSEPHOS_SIMULATE, flags, largest_file);
}

Process EndToEnd::start_ledger(const Flags& flags) { return start(PSEPHOS_LEDGER, flags, {}); }

Process EndToEnd::start_own_model(const Flags& flags) {
  return start(PSEPHOS_OWN_MODEL, flags, {});
}

Process EndToEnd::lead(const Flags& flags, const std::string& folder) {
  const fs::path file = path(folder + ".endpoint");
  Process coordinator = start_coordinator(Flags{"--bind", "tcp://127.0.0.1:0", "--endpoint-file",
                                                file.string(), "--out", path(folder).string()} +
                                          flags);
  coordinator.wait_for_err("waiting for ");  // bound, and its folder made
  if (!coordinator.running()) return coordinator;
  endpoint_ = lines_of(read_text(file)).at(0);
  return coordinator;
}

Process EndToEnd::join(int part, int parts, const Flags& flags) {
  return start_client(
      Flags{"--connect", endpoint_, "--part", std::to_string(part) + "/" + std::to_string(parts)} +
      flags);
}

nlohmann::json EndToEnd::summary(const std::string& folder) const {
  return nlohmann::json::parse(read_text(path(folder) / "summary.json"));
}

EndToEnd::Progress EndToEnd::progress(const std::string& folder) const {
  const std::vector<std::string> fields = split(last_line(path(folder) / "metrics.csv"), ',');
  Progress newest;
  if (fields.size() < 5 || fields[0] == "round") return newest;
  newest.round = static_cast<std::uint32_t>(std::stoul(fields[0]));
  newest.voters = static_cast<std::uint32_t>(std::stoul(fields[4]));
  return newest;
}

bool EndToEnd::wait_until(const std::function<bool(const Progress&)>& wanted,
                          const std::string& folder) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (wanted(progress(folder))) return true;
    std::this_thread::sleep_for(kLookAgain);
  }
  const Progress last = progress(folder);
  ADD_FAILURE() << "the run stands at round " << last.round << " with " << last.voters << " voters";
  return false;
}

bool EndToEnd::wait_for_round(std::uint32_t round, const std::string& folder) const {
  return wait_until([round](const Progress& newest) { return newest.round >= round; }, folder);
}

bool EndToEnd::wait_for_voters(std::uint32_t voters, const std::string& folder) const {
  return wait_until([voters](const Progress& newest) { return newest.voters == voters; }, folder);
}

std::string fingerprint_in(const std::string& text) {
  constexpr std::string_view kWord = "fingerprint";
  constexpr std::size_t kDigits = 16;
  const std::size_t word = text.find(kWord);
  if (word == std::string::npos) return "";
  const std::size_t first = text.find_first_not_of(": ", word + kWord.size());
  if (first == std::string::npos) return "";
  const std::string digits = text.substr(first, kDigits);
  const bool all =
      digits.size() == kDigits && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  return all ? digits : "";
}

}  // namespace psephos::end_to_end
