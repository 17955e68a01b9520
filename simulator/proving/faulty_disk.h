#pragma once
// A disk in memory that does to files what disks do: writes wait in a cache until they are synced,
// a power cut keeps any of them, whole or torn, calls fail, syncs lie, bits turn.
//
// One writer. Deleting a file is durable at once; so is creating one.
//
// Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "simulator/proving/luck.h"

namespace psephos::proving {

// Probabilities per call.
struct DiskFaults {
  double full = 0;         // a write is refused: no space
  double short_write = 0;  // a write stops half way, and says so
  double failed_sync = 0;  // a sync says that it failed; half of the time the next one says ok
  double lost_sync = 0;    // a sync says ok and has done nothing: the disk lies
  double death = 0;        // the process dies in the middle of a call,
  double power_cut = 0;    // and takes the machine with it
};

enum class Outcome : std::uint8_t { kDone, kFull, kFailed };

enum class Crash : std::uint8_t {
  kProcess,  // what was written is there
  kPower,    // what was written since the last sync may be there, sector by sector
};

class FaultyDisk {
 public:
  explicit FaultyDisk(Luck luck) : luck_(luck) {}

  void set_faults(const DiskFaults& faults) { faults_ = faults; }

  // From the `nth` write, sync, truncation or deletion from now on (the first is 0), that one call
  // fails or, `for_ever`, all that follow do, too.
  void fail_at(std::uint64_t nth, bool for_ever);
  // How many such calls there have been.
  std::uint64_t calls() const { return calls_; }

  // Until revive(), every call fails and changes nothing: the process that makes them is dead.
  void crash(Crash kind);
  void revive() { dead_ = false; }

  // Turns one bit of what is stored.
  void flip(const std::string& name, std::uint64_t bit);

  // Has a sync lied, or a bit been turned, so that what was promised may be gone?
  bool lied() const { return lied_; }

  bool exists(const std::string& name) const { return files_.contains(name); }
  Outcome create(const std::string& name);
  Outcome remove(const std::string& name);
  std::size_t size(const std::string& name) const;
  // Bytes read; less than asked for at the end of the file.
  std::size_t read(const std::string& name, std::uint64_t offset,
                   std::span<std::uint8_t> into) const;
  Outcome write(const std::string& name, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  Outcome truncate(const std::string& name, std::uint64_t size);
  Outcome sync(const std::string& name);

  bool dead() const { return dead_; }
  const std::vector<std::uint8_t>& contents(const std::string& name) const;

 private:
  // A write, or with no bytes a new size.
  struct Change {
    std::uint64_t offset = 0;
    std::vector<std::uint8_t> bytes;
    bool resize = false;
  };
  struct File {
    std::vector<std::uint8_t> written;
    std::vector<std::uint8_t> durable;
    std::vector<Change> unsynced;  // from durable to written, in order
  };

  static void apply(const Change& change, std::vector<std::uint8_t>& bytes);
  void lose_power(File& file);
  Outcome may_fail();
  Outcome live_or_die();

  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  Luck luck_;
  DiskFaults faults_;
  std::map<std::string, File> files_;
  std::uint64_t calls_ = 0;
  std::uint64_t fail_from_ = kNever;
  std::uint64_t fail_until_ = kNever;
  bool dead_ = false;
  bool lied_ = false;
};

}  // namespace psephos::proving
