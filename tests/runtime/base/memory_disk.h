#pragma once
// A disk in memory that fails where a test wants it to, and that forgets what was never synced:
// files have the bytes they had when they were synced, folders the names.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/disk.h"

namespace psephos::testing {

// What a power cut leaves of bytes that were written and not synced.
enum class Unsynced { kLost, kFirstHalf, kSecondHalf, kZeros, kKept };
inline constexpr Unsynced kAllFates[] = {Unsynced::kLost, Unsynced::kFirstHalf,
                                         Unsynced::kSecondHalf, Unsynced::kZeros, Unsynced::kKept};

class MemoryDisk : public Disk {
 public:
  // One write call takes so many bytes at most, as a disk that is nearly full may.
  static constexpr std::size_t kWriteBytes = 200;

  // Call number `call` from now on (from 0) fails; with `for_ever` every later one does, too.
  void fail(std::size_t call, bool for_ever) {
    failing_ = calls_ + call;
    for_ever_ = for_ever;
  }
  void heal() { failing_.reset(); }
  std::size_t calls() const { return calls_; }

  // The disk as it is found after the power was cut now. `names_kept`: changes of names that were
  // not synced have reached it all the same.
  MemoryDisk after_power_cut(Unsynced fate, bool names_kept) const {
    MemoryDisk found;
    for (const auto& [name, file] : names_kept ? names_ : synced_names_) {
      auto left = std::make_shared<File>();
      left->synced = left->bytes = what_is_left(*file, fate);
      found.names_[name] = left;
    }
    found.synced_names_ = found.names_;
    return found;
  }

  std::optional<Bytes> contents(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? std::nullopt : std::optional(found->second->bytes);
  }
  // Written and synced by somebody else.
  void put(const std::string& name, Bytes bytes) {
    names_[name] = std::make_shared<File>(File{bytes, bytes});
    synced_names_ = names_;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : names_) all.push_back(entry.first);
    return all;
  }
  bool all_closed() const { return open_.empty(); }

  int create(const std::filesystem::path& path, const std::filesystem::path&, Readers) override {
    if (fails()) return -1;
    auto& file = names_[path.string()];
    if (!file) file = std::make_shared<File>();
    file->bytes.clear();
    open_[++descriptors_] = file;
    return descriptors_;
  }
  ssize_t write(int descriptor, std::span<const std::uint8_t> bytes) override {
    if (fails()) return -1;
    const auto some = bytes.first(std::min(bytes.size(), kWriteBytes));
    Bytes& into = open_.at(descriptor)->bytes;
    into.insert(into.end(), some.begin(), some.end());
    return static_cast<ssize_t>(some.size());
  }
  int sync(int descriptor) override {
    if (fails()) return -1;
    File& file = *open_.at(descriptor);
    file.synced = file.bytes;
    return 0;
  }
  int close(int descriptor) override {
    open_.erase(descriptor);
    return fails() ? -1 : 0;
  }
  int rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (fails()) return -1;
    auto file = names_.extract(from.string());
    if (file.empty()) {
      errno = ENOENT;
      return -1;
    }
    names_[to.string()] = std::move(file.mapped());
    return 0;
  }
  int remove(const std::filesystem::path& path) override {
    if (fails()) return -1;
    return names_.erase(path.string()) == 1 ? 0 : -1;
  }
  int sync_folder(const std::filesystem::path&) override {
    if (fails()) return -1;
    synced_names_ = names_;
    return 0;
  }
  Result<std::optional<Bytes>> read(const std::filesystem::path& path, std::size_t most) override {
    if (fails()) return Error{"cannot read " + path.string() + ": Input/output error"};
    auto bytes = contents(path.string());
    if (bytes) bytes->resize(std::min(bytes->size(), most));
    return bytes;
  }

 private:
  struct File {
    Bytes bytes;
    Bytes synced;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  bool fails() {
    const std::size_t call = calls_++;
    const bool failing = failing_ && (call == *failing_ || (for_ever_ && call > *failing_));
    if (failing) errno = ENOSPC;
    return failing;
  }

  static Bytes what_is_left(const File& file, Unsynced fate) {
    if (file.bytes == file.synced || fate == Unsynced::kLost) return file.synced;
    Bytes left = file.bytes;
    const auto middle = left.begin() + static_cast<std::ptrdiff_t>(left.size() / 2);
    if (fate == Unsynced::kFirstHalf) left.erase(middle, left.end());
    if (fate == Unsynced::kSecondHalf) std::fill(left.begin(), middle, std::uint8_t{0});
    if (fate == Unsynced::kZeros) std::fill(left.begin(), left.end(), std::uint8_t{0});
    return left;
  }

  Names names_;
  Names synced_names_;
  std::map<int, std::shared_ptr<File>> open_;
  int descriptors_ = 0;
  std::size_t calls_ = 0;
  std::optional<std::size_t> failing_;
  bool for_ever_ = false;
};

}  // namespace psephos::testing
