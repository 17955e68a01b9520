#include "runtime/net/allow_list.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "runtime/base/short_key.h"
#include "runtime/formats/text_file.h"
#include "runtime/net/curve_keys.h"

namespace psephos::net {
namespace {

constexpr std::string_view kBlanks = " \t\r";

// Takes the next word off `line`; empty at its end, which a comment is, too.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlanks)));
  if (line.starts_with('#')) line = {};
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

Result<AllowList> AllowList::parse(std::string_view text) {
  if (text.empty()) {
    return Error{"the list is empty: if nobody is to come in, say so in a line that begins with #"};
  }
  AllowList list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() == text.size()) {
      return Error{fmt::format(
          "line {}: does not end with a line break: where the file is whole, add one", number)};
    }
    text.remove_prefix(line.size() + 1);
    const std::string_view key = next_word(line);
    if (key.empty()) continue;
    const std::string_view name = next_word(line);
    if (!is_curve_key(key)) {
      return Error{fmt::format(
          "line {}: does not begin with a public key, 40 characters as psephos-keygen prints them",
          number)};
    }
    if (!next_word(line).empty()) {
      return Error{fmt::format("line {}: only a name and a # comment may follow the key", number)};
    }
    if (!list.names_.emplace(key, name).second) {
      return Error{fmt::format("line {}: this key is listed before", number)};
    }
  }
  return list;
}

AllowList AllowList::of(const std::vector<std::string>& keys) {
  AllowList list;
  for (const std::string& key : keys) list.names_.emplace(key, "");
  return list;
}

std::string AllowList::shown(const std::string& key) const {
  const auto it = names_.find(key);
  return it == names_.end() || it->second.empty() ? short_key(key) : shown_name(it->second, key);
}

std::vector<std::string> AllowList::without(const AllowList& other) const {
  std::vector<std::string> missing;
  for (const auto& [key, name] : names_) {
    if (!other.allows(key)) missing.push_back(key);
  }
  return missing;
}

AllowFile::Stamp AllowFile::stamp() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, static_cast<std::uint64_t>(status.st_size),
          status.st_ino, true};
}

Result<AllowList> AllowFile::read() {
  read_ = seen_ = stamp();
  const auto text = read_text_file(path_, kMaxAllowListBytes);
  if (!text) return text.error();
  auto list = AllowList::parse(*text);
  if (!list) return Error{fmt::format("{}: {}", path_.string(), list.error().text)};
  return list;
}

std::optional<Result<AllowList>> AllowFile::look() {
  const Stamp before = std::exchange(seen_, stamp());
  if (seen_ == read_ || seen_ != before) return std::nullopt;
  return read();
}

}  // namespace psephos::net
