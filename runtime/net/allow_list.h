#pragma once
// The public keys that may come in, as a person writes them: one a line, then perhaps a name, then
// perhaps a comment.
//
//   # kitchen and cellar since May
//   Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID kitchen
//   rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 cellar   # behind the boiler
//
// Every line ends with a line break, the last one too: without it the text may be half of a list
// that is still being copied, and whoever stands in the other half must not be revoked by that. A
// line that begins with '#' is a comment, even where 40 characters of a key follow from there: such
// a key cannot be listed (psephos-keygen makes none).
//
// Values; not thread-safe.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/result.h"

namespace psephos::net {

// A list of about a hundred thousand keys. A larger file is refused.
inline constexpr std::size_t kMaxAllowListBytes = std::size_t{16} << 20;

class AllowList {
 public:
  // The error names the line. A text without a single line is refused, and one whose last line does
  // not end: they are what a full disk, or an editor or a copy at work, leaves of a list. Comments
  // alone are a list of nobody.
  static Result<AllowList> parse(std::string_view text);
  // Of these keys, each 40 characters of Z85.
  static AllowList of(const std::vector<std::string>& keys);

  bool allows(const std::string& key) const { return names_.contains(key); }
  // What this list calls a key that is on it: its name, if it has one, and the key's beginning.
  std::string shown(const std::string& key) const;
  std::size_t size() const { return names_.size(); }
  // Those of this list that `other` does not have.
  std::vector<std::string> without(const AllowList& other) const;

 private:
  std::unordered_map<std::string, std::string> names_;  // by key; a name may be empty
};

// The file that a list comes from, looked at now and then.
class AllowFile {
 public:
  explicit AllowFile(std::filesystem::path path) : path_(std::move(path)) {}

  // Reads the list; errors begin with the path and the line.
  Result<AllowList> read();

  // Has the file changed since it was last read (its time, size or identity), and been left alone
  // since the previous look? Then the new list, or why there is none, once for every change. The
  // pause keeps half of a list that is being written from being taken for the whole.
  std::optional<Result<AllowList>> look();

 private:
  struct Stamp {
    std::int64_t changed_s = 0;
    std::int64_t changed_ns = 0;
    std::uint64_t bytes = 0;
    std::uint64_t inode = 0;
    bool there = false;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;

  std::filesystem::path path_;
  Stamp read_;  // as it was when it was read last
  Stamp seen_;  // at the last look
};

}  // namespace psephos::net
