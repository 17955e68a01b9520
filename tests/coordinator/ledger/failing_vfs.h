#pragma once
// The machine's file system with one call that fails: registered with SQLite under a name of its
// own, it hands everything on, but for the Nth write, sync or truncation; or, where every_call, the
// Nth call of any kind that may fail. (Nobody asks whether giving up a lock did.)

#include <sqlite3.h>

#include <cstring>
#include <string>

namespace psephos::coordinator::testing {

class FailingVfs {
 public:
  FailingVfs() {
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.zName = kName;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pNext = nullptr;
    vfs_.pAppData = this;
    vfs_.xOpen = [](sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                    int* out_flags) { return of(vfs).open(path, as_file(file), flags, out_flags); };
    vfs_.xDelete = [](sqlite3_vfs* vfs, const char* path, int sync) {
      if (const int failed = of(vfs).other_turn(SQLITE_IOERR_DELETE)) return failed;
      return of(vfs).real_->xDelete(of(vfs).real_, path, sync);
    };
    vfs_.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* out) {
      return of(vfs).real_->xAccess(of(vfs).real_, path, flags, out);
    };
    vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* out) {
      return of(vfs).real_->xFullPathname(of(vfs).real_, path, size, out);
    };
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~FailingVfs() { sqlite3_vfs_unregister(&vfs_); }
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  static constexpr const char* kName = "failing";

  int fail_at = 0;         // the call that fails, from 1; 0: none
  bool for_ever = false;   // and all after it
  int code = SQLITE_FULL;  // with what, if it is one that changes the disk
  int calls = 0;           // so far
  bool every_call = false;
  bool read_only = false;  // files open as if they might not be written
  bool syncs = true;       // false: for tests that would wait for the disk a thousand times
  bool failed() const { return fail_at != 0 && calls >= fail_at; }

 private:
  struct File {
    sqlite3_file base;
    FailingVfs* vfs;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static FailingVfs& of(sqlite3_vfs* vfs) { return *static_cast<FailingVfs*>(vfs->pAppData); }
  static File* as_file(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* real_of(sqlite3_file* file) { return as_file(file)->real(); }

  int turn(int failure) {
    ++calls;
    const bool fails = for_ever ? failed() : calls == fail_at;
    return fails ? failure : SQLITE_OK;
  }
  int write_turn() { return turn(code); }
  int other_turn(int failure) { return every_call ? turn(failure) : SQLITE_OK; }

  int open(const char* path, File* file, int flags, int* out_flags) {
    static const sqlite3_io_methods methods = make_methods();
    file->base.pMethods = nullptr;
    file->vfs = this;
    std::memset(file->real(), 0, static_cast<std::size_t>(real_->szOsFile));
    if (const int failed = other_turn(SQLITE_CANTOPEN)) return failed;
    if (read_only) {
      flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    }
    const int opened = real_->xOpen(real_, path, file->real(), flags, out_flags);
    if (file->real()->pMethods != nullptr) file->base.pMethods = &methods;
    return opened;
  }

  // Version 1: without shared memory, which a ledger does not need.
  static sqlite3_io_methods make_methods() {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = [](sqlite3_file* f) { return real_of(f)->pMethods->xClose(real_of(f)); };
    m.xRead = [](sqlite3_file* f, void* out, int size, sqlite3_int64 at) {
      if (const int failed = as_file(f)->vfs->other_turn(SQLITE_IOERR_READ)) return failed;
      return real_of(f)->pMethods->xRead(real_of(f), out, size, at);
    };
    m.xWrite = [](sqlite3_file* f, const void* in, int size, sqlite3_int64 at) {
      if (const int failed = as_file(f)->vfs->write_turn()) return failed;
      return real_of(f)->pMethods->xWrite(real_of(f), in, size, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      if (const int failed = as_file(f)->vfs->write_turn()) return failed;
      return real_of(f)->pMethods->xTruncate(real_of(f), size);
    };
    m.xSync = [](sqlite3_file* f, int flags) {
      if (const int failed = as_file(f)->vfs->write_turn()) return failed;
      if (!as_file(f)->vfs->syncs) return SQLITE_OK;
      return real_of(f)->pMethods->xSync(real_of(f), flags);
    };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      if (const int failed = as_file(f)->vfs->other_turn(SQLITE_IOERR_FSTAT)) return failed;
      return real_of(f)->pMethods->xFileSize(real_of(f), size);
    };
    m.xLock = [](sqlite3_file* f, int lock) {
      if (const int failed = as_file(f)->vfs->other_turn(SQLITE_IOERR_LOCK)) return failed;
      return real_of(f)->pMethods->xLock(real_of(f), lock);
    };
    m.xUnlock = [](sqlite3_file* f, int lock) {
      return real_of(f)->pMethods->xUnlock(real_of(f), lock);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
    };
    m.xFileControl = [](sqlite3_file* f, int what, void* with) {
      return real_of(f)->pMethods->xFileControl(real_of(f), what, with);
    };
    m.xSectorSize = [](sqlite3_file* f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
    };
    return m;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace psephos::coordinator::testing
