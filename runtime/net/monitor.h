#pragma once
// libzmq's own account of a socket's connections. libzmq writes it from its I/O thread and waits
// while it is not read, so: read it often, and stop it before its reader is gone. Private to
// runtime/net.

#include <cstdint>
#include <optional>
#include <string>
#include <zmq.hpp>

namespace psephos::net {

struct MonitorEvent {
  std::uint16_t id = 0;  // one of ZMQ_EVENT_*
  std::uint32_t value = 0;
};

// Events of the set `events` go to whoever connects a PAIR to `address` (inproc). Throws
// zmq::error_t.
void start_monitor(zmq::socket_t& socket, const std::string& address, int events);
// Afterwards no event is written any more.
void stop_monitor(zmq::socket_t& socket);

// The next event that waits at the PAIR `reader`.
std::optional<MonitorEvent> next_event(zmq::socket_t& reader);

}  // namespace psephos::net
