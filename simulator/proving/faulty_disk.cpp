#include "simulator/proving/faulty_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"

namespace psephos::proving {
namespace {

constexpr std::size_t kSector = 512;  // what a power cut keeps whole

}  // namespace

void FaultyDisk::fail_at(std::uint64_t nth, bool for_ever) {
  fail_from_ = calls_ + nth;
  fail_until_ = for_ever ? kNever : fail_from_ + 1;
}

Outcome FaultyDisk::may_fail() {
  const std::uint64_t call = calls_++;
  return dead_ || (call >= fail_from_ && call < fail_until_) ? Outcome::kFailed : Outcome::kDone;
}

// After a call has done its work: does the caller hear of it?
Outcome FaultyDisk::live_or_die() {
  if (!luck_.chance(faults_.death)) return Outcome::kDone;
  crash(luck_.chance(faults_.power_cut) ? Crash::kPower : Crash::kProcess);
  return Outcome::kFailed;
}

void FaultyDisk::crash(Crash kind) {
  dead_ = true;
  for (auto& [name, file] : files_) {
    if (kind == Crash::kPower) lose_power(file);
  }
}

// Which of the unsynced sectors reached the disk is anybody's guess: all up to some point, or any.
void FaultyDisk::lose_power(File& file) {
  const bool in_order = luck_.chance(0.5);
  const double kept = luck_.uniform(0, 1);
  std::vector<std::uint8_t>& bytes = file.durable;
  bool stopped = false;
  for (const Change& change : file.unsynced) {
    if (change.resize) {
      if (!stopped && luck_.chance(kept)) apply(change, bytes);
      stopped = stopped || in_order;
      continue;
    }
    for (std::size_t from = 0; from < change.bytes.size(); from += kSector) {
      const bool keep = !stopped && luck_.chance(kept);
      if (!keep) {
        stopped = stopped || in_order;
        continue;
      }
      const std::size_t to = std::min(from + kSector, change.bytes.size());
      apply({change.offset + from,
             {change.bytes.begin() + static_cast<std::ptrdiff_t>(from),
              change.bytes.begin() + static_cast<std::ptrdiff_t>(to)}},
            bytes);
    }
  }
  file.unsynced.clear();
  file.written = bytes;
}

void FaultyDisk::flip(const std::string& name, std::uint64_t bit) {
  File& file = files_.at(name);
  PSEPHOS_CHECK(bit / 8 < file.written.size(), "a bit beyond the file");
  const auto mask = static_cast<std::uint8_t>(1u << (bit % 8));
  file.written[bit / 8] ^= mask;
  if (bit / 8 < file.durable.size()) file.durable[bit / 8] ^= mask;
  lied_ = true;
}

Outcome FaultyDisk::create(const std::string& name) {
  if (dead_) return Outcome::kFailed;
  files_.try_emplace(name);
  return Outcome::kDone;
}

Outcome FaultyDisk::remove(const std::string& name) {
  if (const Outcome outcome = may_fail(); outcome != Outcome::kDone) return outcome;
  files_.erase(name);
  return live_or_die();
}

std::size_t FaultyDisk::size(const std::string& name) const {
  return files_.at(name).written.size();
}

const std::vector<std::uint8_t>& FaultyDisk::contents(const std::string& name) const {
  return files_.at(name).written;
}

std::size_t FaultyDisk::read(const std::string& name, std::uint64_t offset,
                             std::span<std::uint8_t> into) const {
  const std::vector<std::uint8_t>& bytes = files_.at(name).written;
  if (offset >= bytes.size()) return 0;
  const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset);
  std::memcpy(into.data(), bytes.data() + offset, count);
  return count;
}

Outcome FaultyDisk::write(const std::string& name, std::uint64_t offset,
                          std::span<const std::uint8_t> bytes) {
  if (const Outcome outcome = may_fail(); outcome != Outcome::kDone) return outcome;
  if (luck_.chance(faults_.full)) return Outcome::kFull;
  const bool cut = luck_.chance(faults_.short_write);
  const std::span<const std::uint8_t> part = cut ? bytes.first(bytes.size() / 2) : bytes;
  File& file = files_.at(name);
  Change change{offset, {part.begin(), part.end()}};
  apply(change, file.written);
  file.unsynced.push_back(std::move(change));
  return cut ? Outcome::kFailed : live_or_die();
}

Outcome FaultyDisk::truncate(const std::string& name, std::uint64_t size) {
  if (const Outcome outcome = may_fail(); outcome != Outcome::kDone) return outcome;
  File& file = files_.at(name);
  Change change{size, {}, true};
  apply(change, file.written);
  file.unsynced.push_back(std::move(change));
  return live_or_die();
}

Outcome FaultyDisk::sync(const std::string& name) {
  if (const Outcome outcome = may_fail(); outcome != Outcome::kDone) return outcome;
  File& file = files_.at(name);
  if (luck_.chance(faults_.failed_sync)) {
    // Linux forgets what it could not write: readers see it, the next sync passes over it.
    if (luck_.chance(0.5) && !file.unsynced.empty()) {
      file.unsynced.clear();
      lied_ = true;
    }
    return Outcome::kFailed;
  }
  if (luck_.chance(faults_.lost_sync)) {
    lied_ = true;
    return Outcome::kDone;
  }
  // The same as applying what is unsynced to what is durable, but for a large file cheaper.
  for (const Change& change : file.unsynced) apply(change, file.durable);
  file.unsynced.clear();
  return live_or_die();
}

void FaultyDisk::apply(const Change& change, std::vector<std::uint8_t>& bytes) {
  if (change.resize) {
    bytes.resize(change.offset);
    return;
  }
  bytes.resize(std::max<std::size_t>(bytes.size(), change.offset + change.bytes.size()));
  std::ranges::copy(change.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

}  // namespace psephos::proving
