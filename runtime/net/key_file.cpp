#include "runtime/net/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "runtime/formats/text_file.h"

namespace psephos::net {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSecret = "psephos-secret-key-1";
constexpr std::string_view kPublic = "psephos-public-key-1";
constexpr std::size_t kMaxKeyFileBytes = 4096;
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kReadableByAll = 0644;

Error cannot_write(const fs::path& path, int error) {
  if (error == EEXIST) {
    return Error{fmt::format(
        "{}: exists already, and a key in use must not be replaced: choose another name",
        path.string())};
  }
  return Error{fmt::format("{}: cannot be written ({})", path.string(),
                           std::generic_category().message(error))};
}

Status write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Error{std::generic_category().message(errno)};
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fsync(descriptor) != 0) return Error{std::generic_category().message(errno)};
  return Ok{};
}

// A file that was not there before; on an error it is not there afterwards either.
Status write_new(const fs::path& path, mode_t mode, const std::string& text) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return cannot_write(path, errno);
  const Status written = write_all(descriptor, text);
  const bool closed = ::close(descriptor) == 0;
  if (written && closed) return Ok{};
  const int error = errno;
  ::unlink(path.c_str());
  if (!written) return Error{fmt::format("{}: {}", path.string(), written.error().text)};
  return cannot_write(path, error);
}

// The two words of a key file that are no comments.
Result<std::pair<std::string, std::string>> two_words(const fs::path& path) {
  const auto text = read_text_file(path, kMaxKeyFileBytes);
  if (!text) return text.error();
  std::pair<std::string, std::string> words;
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    if (words.first.empty()) {
      words.first = line;
    } else if (words.second.empty()) {
      words.second = line;
    } else {
      return Error{fmt::format("{}: holds more than one key", path.string())};
    }
  }
  return words;
}

Result<std::string> read_key(const fs::path& path, std::string_view wanted,
                             std::string_view other_advice) {
  const auto words = two_words(path);
  if (!words) return words.error();
  const auto& [what, key] = *words;
  if (what != wanted) {
    const bool other = what == (wanted == kSecret ? kPublic : kSecret);
    return Error{fmt::format(
        "{}: {}", path.string(),
        other ? other_advice : "is no key file of this version: psephos-keygen makes them")};
  }
  if (!is_curve_key(key)) {
    return Error{
        fmt::format("{}: its key is damaged (not 40 characters of Z85 text)", path.string())};
  }
  return key;
}

Status check_owner_only(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
    return Ok{};  // whoever reads it next will say why it cannot be
  }
  return Error{fmt::format("{}: others than its owner may open this secret key: chmod 600 {}",
                           path.string(), path.string())};
}

}  // namespace

fs::path public_key_path(const fs::path& path) { return path.string() + ".pub"; }

Status write_key_files(const fs::path& path, const CurveKeys& keys) {
  const fs::path public_path = public_key_path(path);
  const Status secret_written = write_new(
      path, kOwnerOnly,
      fmt::format("# A psephos secret key: who can read it can speak as its owner. Keep it here.\n"
                  "{}\n{}\n",
                  kSecret, keys.secret_key));
  if (!secret_written) return secret_written;
  const Status public_written = write_new(
      public_path, kReadableByAll,
      fmt::format("# A psephos public key. A client's goes into the coordinator's --allow list,\n"
                  "# the coordinator's (this file) to every client, for --server-key.\n"
                  "{}\n{}\n",
                  kPublic, keys.public_key));
  if (!public_written) ::unlink(path.c_str());
  return public_written;
}

Result<CurveKeys> read_key_file(const fs::path& path) {
  if (const Status owner_only = check_owner_only(path); !owner_only) return owner_only.error();
  const auto key = read_key(path, kSecret, "is a public key: give the file without .pub");
  if (!key) return key.error();
  return curve_pair_of(*key);
}

Result<std::string> read_public_key_file(const fs::path& path) {
  return read_key(path, kPublic,
                  "is a secret key, which belongs on one machine only: give the file with .pub");
}

}  // namespace psephos::net
