#pragma once
// A client's state on disk: replaced whole, so that a power cut leaves the old one or the new one;
// read once, at the start. A file that cannot be used (cut short, damaged, of another client, run
// or version) is never overwritten: it is moved to FILE.bad, and the client starts clean.
//
// Not thread-safe: open() at the start, then keep() from the thread that does the arithmetic.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "client/state/client_state.h"
#include "runtime/base/disk.h"

namespace psephos::client {

// Where a client's states go: a file, or the memory of a simulation.
class StateKeeper {
 public:
  virtual ~StateKeeper() = default;
  // When this returns ok the state survives. An error: the one before it does.
  virtual Status keep(const ClientState& state) = 0;
};

class StateFile : public StateKeeper {
 public:
  // `disk` must outlive this. `max_parameters`: larger files are not even read.
  StateFile(Disk& disk, std::filesystem::path path, std::size_t max_parameters);

  struct Opened {
    ClientState state;
    std::vector<std::string> notes;  // for the log: what is gone on with, or why it is not
  };
  // What the file holds, or the state of a client that starts clean, which is written at once: a
  // key that was drawn at random is kept from the first moment. `key`: the only one to go on with,
  // where the caller's flags fix it. `fresh`: the key to start clean with where they do not. An
  // error: there is a file and it cannot be read.
  Result<Opened> open(std::optional<PhiloxKey> key, PhiloxKey fresh);

  Status keep(const ClientState& state) override;

 private:
  Status set_aside();
  Result<ClientState> usable(std::span<const std::uint8_t> bytes,
                             std::optional<PhiloxKey> key) const;

  Disk& disk_;
  std::filesystem::path path_;
  std::filesystem::path aside_;
  std::size_t max_bytes_;
  bool in_the_way_ = false;           // what the file holds must be moved aside first
  std::optional<std::uint64_t> run_;  // of the state in the file
};

}  // namespace psephos::client
