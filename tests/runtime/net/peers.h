#pragma once
// Strangers for the socket tests: a raw libzmq dealer without any of our bounds, and a bare TCP
// socket.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "runtime/net/sockets.h"

namespace psephos::net::testing {

using std::chrono::milliseconds;

inline constexpr std::size_t kFrameLimit = 64 * 1024;
inline constexpr int kHeartbeatMs = 1000;
inline constexpr milliseconds kPatience{5000};
inline constexpr milliseconds kQuiet{100};  // nothing for so long: nothing more comes

inline Frame frame_of(std::size_t bytes, std::uint8_t value) {
  return std::make_shared<const Bytes>(bytes, value);
}

// Calls `poll` until it gives a value; waits on `socket` in between.
template <class Socket, class Poll>
auto eventually(const Socket& socket, Poll poll, milliseconds patience = kPatience)
    -> decltype(poll()) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (auto value = poll()) return value;
    wait(socket, nullptr, milliseconds{10});
  }
  return {};
}

inline std::optional<Incoming> next_incoming(RouterSocket& router) {
  return eventually(router, [&] { return router.receive(); });
}

inline std::optional<Frame> next_frame(DealerSocket& dealer) {
  return eventually(dealer, [&] { return dealer.receive(); });
}

// True once the dealer is connected and has taken the frame.
inline bool send_eventually(DealerSocket& dealer, const Frame& frame) {
  return eventually(dealer, [&] { return dealer.send(frame); });
}

class RawDealer {
 public:
  explicit RawDealer(const std::string& endpoint,
                     const std::optional<ClientCurve>& curve = std::nullopt)
      : context_(zmq_ctx_new()),
        socket_(zmq_socket(context_, ZMQ_DEALER)),
        events_(zmq_socket(context_, ZMQ_PAIR)) {
    const int none = 0;
    if (curve) {
      set_key(ZMQ_CURVE_SERVERKEY, curve->server_key);
      set_key(ZMQ_CURVE_PUBLICKEY, curve->own.public_key);
      set_key(ZMQ_CURVE_SECRETKEY, curve->own.secret_key);
    }
    zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
    const int patience = static_cast<int>(kPatience.count());
    zmq_setsockopt(socket_, ZMQ_SNDTIMEO, &patience, sizeof patience);
    zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &patience, sizeof patience);
    constexpr const char* kEvents = "inproc://events";  // of this context
    EXPECT_EQ(zmq_socket_monitor(socket_, kEvents,
                                 ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH),
              0);
    zmq_setsockopt(events_, ZMQ_LINGER, &none, sizeof none);
    EXPECT_EQ(zmq_connect(events_, kEvents), 0);
    EXPECT_EQ(zmq_connect(socket_, endpoint.c_str()), 0);
  }
  ~RawDealer() {
    zmq_socket_monitor(socket_, nullptr, 0);
    zmq_close(events_);
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  RawDealer(const RawDealer&) = delete;
  RawDealer& operator=(const RawDealer&) = delete;

  void send(const std::vector<std::string>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const int flags = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
      EXPECT_GE(zmq_send(socket_, parts[i].data(), parts[i].size(), flags), 0);
    }
  }
  std::string receive() {
    std::string bytes(kFrameLimit, '\0');
    const int size = zmq_recv(socket_, bytes.data(), bytes.size(), 0);
    EXPECT_GE(size, 0);
    bytes.resize(static_cast<std::size_t>(std::max(size, 0)));
    return bytes;
  }
  // Waits for a frame that may not come.
  std::optional<std::string> receive_within(milliseconds patience) {
    zmq_pollitem_t item{socket_, 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, patience.count()) <= 0) return std::nullopt;
    return receive();
  }
  // Waits until the other side has ended the connection, or its making.
  bool turned_away_within(milliseconds patience) {
    zmq_pollitem_t item{events_, 0, ZMQ_POLLIN, 0};
    return zmq_poll(&item, 1, patience.count()) > 0;
  }

 private:
  void set_key(int option, const std::string& key) {
    EXPECT_EQ(zmq_setsockopt(socket_, option, key.c_str(), key.size() + 1), 0);
  }

  void* context_;
  void* socket_;
  void* events_;
};

inline sockaddr loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  sockaddr generic{};
  static_assert(sizeof generic == sizeof address);
  std::memcpy(&generic, &address, sizeof address);
  return generic;
}

// A port that is taken but not listened on: whoever connects is turned away. Or one that the kernel
// listens on for a process that never answers.
class ClosedPort {
 public:
  explicit ClosedPort(bool listens = false) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr address = loopback(0);
    EXPECT_EQ(::bind(descriptor_, &address, sizeof address), 0);
    if (listens) {
      EXPECT_EQ(::listen(descriptor_, 16), 0);
    }
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(descriptor_, &address, &size), 0);
    sockaddr_in bound{};
    std::memcpy(&bound, &address, sizeof bound);
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(bound.sin_port));
  }
  ~ClosedPort() { ::close(descriptor_); }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;

  const std::string& endpoint() const { return endpoint_; }

 private:
  int descriptor_;
  std::string endpoint_;
};

// A port where connections are taken and nobody says anything.
struct MutePort : ClosedPort {
  MutePort() : ClosedPort(true) {}
};

class RawTcp {
 public:
  explicit RawTcp(const std::string& endpoint) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int port = std::atoi(endpoint.substr(endpoint.rfind(':') + 1).c_str());
    const sockaddr address = loopback(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::connect(descriptor_, &address, sizeof address), 0);
  }
  ~RawTcp() { ::close(descriptor_); }
  RawTcp(const RawTcp&) = delete;
  RawTcp& operator=(const RawTcp&) = delete;

  // The other side may hang up at any time: how much it took does not matter.
  void send(const std::vector<std::uint8_t>& bytes) {
    (void)!::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void send(const std::string& bytes) {
    send(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  }

  // Reads so many bytes; false where they do not come.
  bool await(std::size_t bytes) {
    const timeval patience{kPatience.count() / 1000, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::vector<char> buffer(bytes);
    return ::recv(descriptor_, buffer.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
  }

  // Reads on until the other side hangs up; false where it does not within `patience`.
  bool hung_up_within(milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      const timeval a_moment{0, 50'000};
      ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &a_moment, sizeof a_moment);
      char bytes[256];
      const ssize_t got = ::recv(descriptor_, bytes, sizeof bytes, 0);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
    }
    return false;
  }

  // ZMTP 3's READY command of a DEALER: after greet("NULL"), all that a peer in the clear has to
  // say before its frames.
  void say_ready() {
    const std::string ready(
        "\x05READY\x0b"
        "Socket-Type\0\0\0\x06"
        "DEALER",
        28);
    send('\x04' + std::string(1, static_cast<char>(ready.size())) + ready);
  }

  // ZMTP 3's greeting with `mechanism`, both ways: what follows is the mechanism's handshake. (In
  // steps: libzmq 4.3.4 does not go on reading what is sent ahead of its answers.)
  bool greet(const std::string& mechanism) {
    send(std::string("\xff\0\0\0\0\0\0\0\x01\x7f", 10));
    if (!await(11)) return false;
    std::string rest("\x03\0", 2);
    rest += mechanism;
    rest.resize(54, '\0');
    send(rest);
    return await(53);
  }

 private:
  int descriptor_;
};

}  // namespace psephos::net::testing
