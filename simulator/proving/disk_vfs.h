#pragma once
// SQLite on a FaultyDisk: what the ledger writes meets the disk's faults. A VFS of SQLite
// (https://www.sqlite.org/vfs.html), without shared memory: a database in WAL mode must be opened
// with locking_mode=EXCLUSIVE, as the ledger does.

#include <memory>
#include <string>

#include "simulator/proving/faulty_disk.h"

namespace psephos::proving {

class DiskVfs {
 public:
  // Registers the VFS, under a name no other has. `disk` must outlive this, and this every database
  // opened with it.
  explicit DiskVfs(FaultyDisk& disk);
  ~DiskVfs();
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  const std::string& name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace psephos::proving
