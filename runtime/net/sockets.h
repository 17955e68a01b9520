#pragma once
// The only place that knows libzmq: a ROUTER for the coordinator, a DEALER for a client, every
// option set explicitly (WIRE.md, "Sockets").
//
// Not thread-safe: a socket belongs to one thread. Waiting: wait() below. Signals are ordinary:
// waits end early, sends and receives go on. What the machine cannot give (descriptors, memory)
// throws std::system_error from Context and Waker, at start-up only.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/net/curve_keys.h"

namespace psephos::net {

// Whoever has not greeted and proved its key by then is cut off.
inline constexpr std::chrono::milliseconds kHandshakeLimit{5000};

// True for tcp://127.x.x.x, tcp://localhost and tcp://[::1] (plain speech is allowed there).
bool is_loopback(const std::string& endpoint);

// Checks the form "tcp://HOST:PORT": HOST a name, an IPv4 address or a bracketed IPv6 one, PORT 1
// to 65535. Only binding may say "*" for every interface, and 0 for any free port.
Status check_endpoint(const std::string& endpoint, bool bind);

// Can the host of a well-formed endpoint be looked up now? Asks the resolver; may take seconds.
Status check_host(const std::string& endpoint);

class Doorman;

// Owns the libzmq context (its I/O thread). Outlives its sockets; destroying it waits for what they
// linger on.
class Context {
 public:
  explicit Context(int max_sockets = 1024);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
  friend class RouterSocket;
  friend class DealerSocket;
  friend class Doorman;
};

class Waker;

struct Incoming {
  std::string peer;  // routing id, opaque
  std::string key;   // the peer's public key; empty on a socket without encryption
  Frame frame;       // 64-byte-aligned copy
};

// Since the start.
struct RouterCounters {
  std::uint64_t misshapen = 0;  // messages that were not exactly one frame
  std::uint64_t skipped = 0;    // frames to peers whose queue was full
  std::uint64_t gone = 0;       // frames to peers that are no longer there
};

class RouterSocket {
 public:
  // With `curve` only peers that encrypt for the server's key and that the context's doorman admits
  // get through: without a doorman, nobody. Without `curve`, everything is said in the clear.
  // `doorman`, which must outlive the socket and may watch one, counts its connections.
  static Result<RouterSocket> bind(Context& context, const std::string& endpoint,
                                   std::size_t max_frame_bytes, int heartbeat_ms,
                                   const std::optional<ServerCurve>& curve = std::nullopt,
                                   const Doorman* doorman = nullptr);
  RouterSocket(RouterSocket&&) noexcept;
  RouterSocket& operator=(RouterSocket&&) noexcept;
  ~RouterSocket();

  const std::string& endpoint() const;  // with the real port
  bool encrypted() const;               // every frame comes with a key
  const RouterCounters& counters() const;
  // A frame, or nothing when none waits. Messages of a wrong shape (not exactly one frame) are
  // dropped, at most a bounded number per call: a flood of them cannot keep the caller here.
  std::optional<Incoming> receive();
  // Never blocks; a peer that is gone or whose queue is full is skipped. The bytes are not copied:
  // the frame is shared until the last peer has been sent it.
  void send(const std::string& peer, const Frame& frame);
  // Closes, giving queued frames up to `linger` to leave. Then only destruction is allowed.
  void close(std::chrono::milliseconds linger);

 private:
  struct State;
  explicit RouterSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  friend void wait(const RouterSocket&, const Waker*, std::chrono::milliseconds);
};

// How the making of a connection went. All but the first are final: it takes a new socket to try
// again.
enum class ConnectionNews {
  kReady,
  kNobodyThere,     // refused, or no answer in time
  kHungUp,          // in the middle of the greeting: what a server does to whom it cannot decrypt
  kUnanswered,      // taken, and no end of the greeting until kHandshakeLimit
  kNotAllowed,      // this key is not on the server's list
  kPutOff,          // the server admits no more at the moment
  kOtherMechanism,  // one side speaks with keys, the other without
};

// One connection, made once. libzmq does not reconnect it: when to come back, after which wait, is
// the session machine's decision (full jitter, or what a Refusal says), and it takes a new socket
// for that.
class DealerSocket {
 public:
  // Success says that the endpoint makes sense; the connection is made in the background. With
  // `curve` it is made only with the holder of that server key. With `watched` there is news() of
  // it, for a socket and a few descriptors more.
  static Result<DealerSocket> connect(Context& context, const std::string& endpoint,
                                      std::size_t max_frame_bytes, int heartbeat_ms,
                                      const std::optional<ClientCurve>& curve = std::nullopt,
                                      bool watched = false);
  DealerSocket(DealerSocket&&) noexcept;
  DealerSocket& operator=(DealerSocket&&) noexcept;
  ~DealerSocket();

  std::optional<Frame> receive();
  // False when the queue is full, nobody is connected yet or nobody any more: the frame is not
  // kept.
  bool send(const Frame& frame);
  // What became of the connection, each once; nothing new, or not watched: nothing.
  std::optional<ConnectionNews> news();
  void close(std::chrono::milliseconds linger);

 private:
  struct State;
  explicit DealerSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  friend void wait(const DealerSocket&, const Waker*, std::chrono::milliseconds, bool);
};

// Wakes a thread that waits in wait(): wake() may be called from any thread and from a signal
// handler.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  void wake();
  // To be called by the woken thread before it looks at what it was woken for.
  void drain();
  int descriptor() const { return read_; }

 private:
  int read_ = -1;
  int write_ = -1;
};

// Waits until the socket can be read, the waker was woken, a signal arrived, or `timeout` passed.
// `waker` may be null.
void wait(const RouterSocket& socket, const Waker* waker, std::chrono::milliseconds timeout);
// With `to_send` also until send() has a chance: false until the connection stands, and for ever
// once it is lost.
void wait(const DealerSocket& socket, const Waker* waker, std::chrono::milliseconds timeout,
          bool to_send = false);
// For whoever has no socket at the moment.
void wait(const Waker& waker, std::chrono::milliseconds timeout);

}  // namespace psephos::net
