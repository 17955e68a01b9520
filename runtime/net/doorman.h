#pragma once
// Who may come in, and how many at a time: the handler that libzmq asks about every peer of an
// encrypted socket, on a thread of its own so that a coordinator busy counting still opens the
// door. It also reads the list again when its file changes, and counts what comes to the port.
//
// Without a handler libzmq's CURVE admits every key; our sockets therefore demand one, and this
// has to exist before they are bound.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/net/allow_list.h"
#include "runtime/net/sockets.h"

namespace psephos::net {

inline constexpr std::uint32_t kDefaultHandshakesPerSecond = 500;

// Of one listed key: so many a second on average, and at once. A device that is plugged in and out
// stays far below; a client gone bad does not use up what is there for all.
inline constexpr double kKeyHandshakesPerSecond = 4;
inline constexpr double kKeyHandshakeBurst = 32;

// Lines about keys at the door: so many a second on average, and at once. The rest is counted.
inline constexpr double kKeyLinesPerSecond = 1;
inline constexpr double kKeyLineBurst = 20;

struct DoorRules {
  AllowList list;
  // The file that `list` was read from, looked at again and again; none: the list never changes.
  std::optional<AllowFile> file;
  // Of listed keys; more are put off, and come back by themselves. Strangers do not use it up.
  std::uint32_t handshakes_per_second = kDefaultHandshakesPerSecond;
  // A changed file is read at the second look that finds it so.
  std::chrono::milliseconds look_every{1000};
};

// Since the start.
struct DoorCounters {
  std::uint64_t connections = 0;         // accepted, whoever it was
  std::uint64_t accepts_failed = 0;      // no descriptor was left for one
  std::uint64_t disconnections = 0;      // those that broke a bound of the wire among them
  std::uint64_t handshakes_failed = 0;   // no ZMTP, no key, another server's key, or too slow
  std::uint64_t keys_refused = 0;        // not on the list
  std::uint64_t handshakes_put_off = 0;  // of all together, beyond the rules' number
  std::uint64_t keys_put_off = 0;        // of one listed key that comes too often
};

class Doorman {
 public:
  // `say` takes lines for the log, from the doorman's thread: keys that were refused or put off
  // (each once, the latest kKeysKept of them, as often as the bounds above allow) and lists that
  // were read, or could not be. Their number is bounded here: no line need be left out. Throws
  // std::system_error where the context has a doorman already.
  Doorman(Context& context, DoorRules rules, std::function<void(const std::string&)> say);
  // The sockets bound with it must be gone.
  ~Doorman();
  Doorman(const Doorman&) = delete;
  Doorman& operator=(const Doorman&) = delete;

  // These may be called from any thread.

  // Is the key on the list now?
  bool allows(const std::string& key) const;
  // Keys that were on the list and are no longer, each once.
  std::vector<std::string> take_revoked();
  DoorCounters counters() const;

 private:
  class Desk;
  std::unique_ptr<Desk> desk_;
};

// So many keys are remembered as said.
inline constexpr std::size_t kKeysKept = 256;

}  // namespace psephos::net
