#pragma once
// What the .cpp files of this room share: libzmq's types, and the options and helpers that both
// sockets need. Private to runtime/net.

#include <optional>
#include <span>
#include <zmq.hpp>

#include "runtime/net/connection_watch.h"
#include "runtime/net/frame_pool.h"
#include "runtime/net/sockets.h"

namespace psephos::net {

// Memory of frames that are gone, which a socket keeps for those to come: two groups of ballots at
// d = 4 million.
inline constexpr std::size_t kFrameBytesKept = std::size_t{16} << 20;

struct Context::State {
  zmq::context_t context;
};

// Where a doorman reads of the connections of the socket it watches.
inline constexpr const char* kDoorMonitor = "inproc://psephos.door";

struct RouterSocket::State {
  ~State();

  zmq::socket_t socket;
  std::string endpoint;
  bool encrypted = false;
  bool monitored = false;
  RouterCounters counters;
  FramePool frames{kFrameBytesKept};
};

struct DealerSocket::State {
  zmq::socket_t socket;
  std::optional<ConnectionWatch> watch;  // of `socket`: gone before it
  FramePool frames{kFrameBytesKept};
};

// Everything that has to be set before bind or connect: on a live socket libzmq accepts most of
// these options and ignores them. Throws zmq::error_t.
void set_common_options(zmq::socket_t& socket, std::size_t max_frame_bytes, int heartbeat_ms,
                        bool ipv6);

// What CURVE adds to a frame, and libzmq counts as part of it: the word MESSAGE with its length,
// nonce, authenticator and flags.
inline constexpr std::size_t kCurveFrameBytes = 8 + 8 + 16 + 1;

Error not_a_key(const char* what);

// One part of a waiting message; nothing when none waits.
std::optional<zmq::message_t> receive_part(zmq::socket_t& socket);

// Receives and forgets the remaining parts of a message.
void drop_parts(zmq::socket_t& socket);

std::span<const std::uint8_t> bytes_of(const zmq::message_t& part);

// False when it would have to wait, or the peer is gone.
bool send_part(zmq::socket_t& socket, zmq::message_t part, zmq::send_flags flags);

// A message that shares the frame's bytes and keeps them alive.
zmq::message_t share_frame(const Frame& frame);

void close_socket(zmq::socket_t& socket, std::chrono::milliseconds linger);

// A receive() looks at this many messages of a wrong shape before it returns empty-handed.
inline constexpr int kMaxDroppedMessages = 64;

}  // namespace psephos::net
