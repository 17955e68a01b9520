#include "runtime/net/zmq_state.h"

#include <algorithm>
#include <cerrno>

#include "runtime/base/check.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace psephos::net {
namespace {

// Messages per peer and direction. libzmq's default of 1000 let one silent peer hold a gigabyte.
constexpr int kHighWaterMark = 4;
constexpr int kConnectTimeoutMs = 5000;
constexpr int kBacklog = 1024;
constexpr int kMissedHeartbeats = 3;
// The shortest time that sent data may stay unacknowledged: a network that is away for a moment,
// or a coordinator that counts with both cores, is no dead peer.
constexpr int kLeastUnacknowledgedMs = 15'000;

// Calls `operation` until no signal interrupts it. Whatever else libzmq throws here is a misuse.
template <class Operation>
auto uninterrupted(Operation operation) {
  for (;;) {
    try {
      return operation();
    } catch (const zmq::error_t& error) {
      PSEPHOS_CHECK(error.num() == EINTR, error.what());
    }
  }
}

// libzmq's queues order what our thread wrote before what its thread does with it, but libzmq is
// not built with the sanitizer, which has to be told.
#if defined(__SANITIZE_THREAD__)
void hand_over(void* object) { __tsan_release(object); }
void take_over(void* object) { __tsan_acquire(object); }
#else
void hand_over(void*) {}
void take_over(void*) {}
#endif

void release_frame(void*, void* hint) {
  take_over(hint);
  delete static_cast<Frame*>(hint);
}

}  // namespace

void set_common_options(zmq::socket_t& socket, std::size_t max_frame_bytes, int heartbeat_ms,
                        bool ipv6) {
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_frame_bytes));
  socket.set(zmq::sockopt::sndhwm, kHighWaterMark);
  socket.set(zmq::sockopt::rcvhwm, kHighWaterMark);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::immediate, true);
  // Not ZMTP's heartbeats: when their timer meets a peer that filled its queue and hung up before
  // the queue was read, libzmq 4.3 aborts the process ("Assertion failed: !_io_error"). The
  // kernel's find a dead peer on a connection that is quiet. While sent data wait for their
  // acknowledgement it asks nothing, and would send them again for a quarter of an hour: MAXRT
  // (TCP_USER_TIMEOUT) is the bound on that, and on a peer that takes nothing.
  const int heartbeat_s = std::max(1, heartbeat_ms / 1000);
  socket.set(zmq::sockopt::heartbeat_ivl, 0);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, heartbeat_s);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, heartbeat_s);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, kMissedHeartbeats);
  socket.set(zmq::sockopt::tcp_maxrt,
             std::max(kLeastUnacknowledgedMs, kMissedHeartbeats * 1000 * heartbeat_s));
  socket.set(zmq::sockopt::handshake_ivl, static_cast<int>(kHandshakeLimit.count()));
  socket.set(zmq::sockopt::connect_timeout, kConnectTimeoutMs);
  socket.set(zmq::sockopt::backlog, kBacklog);
  socket.set(zmq::sockopt::ipv6, ipv6);
}

Error not_a_key(const char* what) {
  return Error{std::string(what) + " is not 40 characters of Z85 text"};
}

std::optional<zmq::message_t> receive_part(zmq::socket_t& socket) {
  return uninterrupted([&]() -> std::optional<zmq::message_t> {
    zmq::message_t part;
    if (!socket.recv(part, zmq::recv_flags::dontwait)) return std::nullopt;
    return part;
  });
}

void drop_parts(zmq::socket_t& socket) {
  while (socket.get(zmq::sockopt::rcvmore) && receive_part(socket)) {
  }
}

std::span<const std::uint8_t> bytes_of(const zmq::message_t& part) {
  return {part.data<std::uint8_t>(), part.size()};
}

bool send_part(zmq::socket_t& socket, zmq::message_t part, zmq::send_flags flags) {
  return uninterrupted(
      [&] { return socket.send(part, flags | zmq::send_flags::dontwait).has_value(); });
}

zmq::message_t share_frame(const Frame& frame) {
  auto* share = new Frame(frame);
  hand_over(share);
  // libzmq takes a mutable pointer and never writes through it.
  return zmq::message_t(const_cast<std::uint8_t*>(frame->data()), frame->size(), release_frame,
                        share);
}

void close_socket(zmq::socket_t& socket, std::chrono::milliseconds linger) {
  constexpr std::chrono::milliseconds kLongest{60'000};
  const auto bounded = std::clamp(linger, std::chrono::milliseconds{0}, kLongest);
  socket.set(zmq::sockopt::linger, static_cast<int>(bounded.count()));
  socket.close();
}

}  // namespace psephos::net
