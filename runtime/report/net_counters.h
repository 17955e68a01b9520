#pragma once
// What a coordinator's port met and turned away: the net_* fields of summary.json. Each bound of
// the wire that was hit shows in one of them (docs/security.md, "Bounds").

#include <cstdint>

namespace psephos {

struct NetCounters {
  std::uint64_t connections = 0;         // TCP connections accepted
  std::uint64_t accepts_failed = 0;      // ... that found no free descriptor
  std::uint64_t disconnections = 0;      // among them those cut off for a frame beyond the bound
  std::uint64_t handshakes_failed = 0;   // no ZMTP, no key, another server's key, or too slow
  std::uint64_t keys_refused = 0;        // handshakes of keys that are not on the list
  std::uint64_t handshakes_put_off = 0;  // beyond --max-handshakes
  std::uint64_t keys_put_off = 0;        // handshakes of one listed key that comes too often
  std::uint64_t joins_put_off = 0;       // beyond --max-handshakes, or of one client
  std::uint64_t joins_refused_full = 0;  // beyond --max-clients
  std::uint64_t catch_ups_put_off = 0;   // of a client that asks too often
  std::uint64_t frames_malformed = 0;    // not readable, or messages of several frames
  std::uint64_t frames_not_allowed = 0;  // of keys that were revoked while connected
  std::uint64_t frames_skipped = 0;      // to peers whose queue was full: they catch up
  std::uint64_t frames_undelivered = 0;  // to peers that had gone
  std::uint64_t takeover_alarms = 0;     // of one client in two places
};

}  // namespace psephos
