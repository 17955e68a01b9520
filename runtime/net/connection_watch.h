#pragma once
// How one connection of a DEALER is faring. Private to runtime/net; users ask DealerSocket::news().

#include <chrono>
#include <optional>
#include <zmq.hpp>

#include "runtime/net/sockets.h"

namespace psephos::net {

class ConnectionWatch {
 public:
  // To be made before `socket` connects; `socket` must outlive it. Throws zmq::error_t.
  ConnectionWatch(zmq::context_t& context, zmq::socket_t& socket);
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  // To be asked a few times a second: who was hung up on and who was not answered are told apart by
  // the time that has passed.
  std::optional<ConnectionNews> next();

 private:
  ConnectionNews hung_up() const;

  zmq::socket_t& socket_;
  zmq::socket_t reader_;
  std::optional<std::chrono::steady_clock::time_point> connected_;  // since when
};

}  // namespace psephos::net
