#include "simulator/proving/disk_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>
#include <span>

#include "runtime/base/check.h"

namespace psephos::proving {
namespace {

constexpr int kMaxPath = 512;

int code(Outcome outcome, int failed) {
  switch (outcome) {
    case Outcome::kDone:
      return SQLITE_OK;
    case Outcome::kFull:
      return SQLITE_FULL;
    case Outcome::kFailed:
      break;
  }
  return failed;
}

// SQLite allocates it; `methods` must come first.
struct OpenFile {
  sqlite3_file base;
  FaultyDisk* disk;
  std::string name;
  bool delete_on_close;
};

OpenFile& open_file(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

int close(sqlite3_file* file) {
  OpenFile& open = open_file(file);
  if (open.delete_on_close) open.disk->remove(open.name);
  open.~OpenFile();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
  const OpenFile& open = open_file(file);
  if (open.disk->dead() || !open.disk->exists(open.name)) return SQLITE_IOERR_READ;
  const std::span<std::uint8_t> bytes(static_cast<std::uint8_t*>(into),
                                      static_cast<std::size_t>(amount));
  const std::size_t count = open.disk->read(open.name, static_cast<std::uint64_t>(offset), bytes);
  if (count == bytes.size()) return SQLITE_OK;
  std::memset(bytes.data() + count, 0, bytes.size() - count);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  const OpenFile& open = open_file(file);
  if (!open.disk->exists(open.name)) return SQLITE_IOERR_WRITE;
  return code(
      open.disk->write(open.name, static_cast<std::uint64_t>(offset),
                       {static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(amount)}),
      SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const OpenFile& open = open_file(file);
  if (!open.disk->exists(open.name)) return SQLITE_IOERR_TRUNCATE;
  return code(open.disk->truncate(open.name, static_cast<std::uint64_t>(size)),
              SQLITE_IOERR_TRUNCATE);
}

int sync(sqlite3_file* file, int) {
  const OpenFile& open = open_file(file);
  if (!open.disk->exists(open.name)) return SQLITE_IOERR_FSYNC;
  return code(open.disk->sync(open.name), SQLITE_IOERR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const OpenFile& open = open_file(file);
  if (open.disk->dead() || !open.disk->exists(open.name)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(open.disk->size(open.name));
  return SQLITE_OK;
}

// One process has the disk: nobody to lock out.
int lock(sqlite3_file*, int) { return SQLITE_OK; }
int check_reserved_lock(sqlite3_file*, int* result) {
  *result = 0;
  return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 512; }
int device_characteristics(sqlite3_file*) { return 0; }

constexpr sqlite3_io_methods kMethods = {1,
                                         close,
                                         read,
                                         write,
                                         truncate,
                                         sync,
                                         file_size,
                                         lock,
                                         lock,
                                         check_reserved_lock,
                                         file_control,
                                         sector_size,
                                         device_characteristics,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  FaultyDisk& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
  static_cast<void>(std::memset(file, 0, sizeof(sqlite3_file)));  // no methods: SQLite won't close
  const std::string path = name ? name : fmt::format("temporary-{}", disk.calls());
  if (disk.dead()) return SQLITE_CANTOPEN;
  if (!disk.exists(path)) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (disk.create(path) != Outcome::kDone) return SQLITE_CANTOPEN;
  }
  new (file) OpenFile{{&kMethods}, &disk, path, (flags & SQLITE_OPEN_DELETEONCLOSE) != 0};
  if (out_flags) *out_flags = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int) {
  FaultyDisk& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
  if (!disk.exists(name)) return SQLITE_IOERR_DELETE_NOENT;
  return code(disk.remove(name), SQLITE_IOERR_DELETE);
}

int access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  *result = static_cast<FaultyDisk*>(vfs->pAppData)->exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

// Seeded by nothing: a history must follow from its seed alone.
int randomness(sqlite3_vfs*, int size, char* out) {
  std::memset(out, 0x5a, static_cast<std::size_t>(size));
  return size;
}
int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
int current_time(sqlite3_vfs*, double* julian_day) {
  *julian_day = 2460000.5;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

struct DiskVfs::State {
  std::string name;
  sqlite3_vfs vfs{};
};

DiskVfs::DiskVfs(FaultyDisk& disk) : state_(std::make_unique<State>()) {
  static std::atomic<std::uint64_t> registered = 0;
  state_->name = fmt::format("psephos-disk-{}", registered++);
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(OpenFile);
  vfs.mxPathname = kMaxPath;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = &disk;
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  PSEPHOS_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "SQLite takes the VFS");
}

DiskVfs::~DiskVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const std::string& DiskVfs::name() const { return state_->name; }

}  // namespace psephos::proving
