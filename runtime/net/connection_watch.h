#pragma once
// How one connection of a DEALER is faring. Private to runtime/net; users ask DealerSocket::news().

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

  std::optional<ConnectionNews> next();

 private:
  zmq::socket_t& socket_;
  zmq::socket_t reader_;
  bool connected_ = false;
};

}  // namespace psephos::net
