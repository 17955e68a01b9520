#include "runtime/net/monitor.h"

#include <cerrno>
#include <cstring>

#include "runtime/net/zmq_state.h"

namespace psephos::net {

void start_monitor(zmq::socket_t& socket, const std::string& address, int events) {
  if (zmq_socket_monitor(socket.handle(), address.c_str(), events) != 0) throw zmq::error_t();
}

void stop_monitor(zmq::socket_t& socket) { zmq_socket_monitor(socket.handle(), nullptr, 0); }

std::optional<MonitorEvent> next_event(zmq::socket_t& reader) {
  const std::optional<zmq::message_t> part = receive_part(reader);
  if (!part) return std::nullopt;
  MonitorEvent event;
  if (part->size() >= sizeof event.id + sizeof event.value) {
    const std::uint8_t* bytes = part->data<std::uint8_t>();
    std::memcpy(&event.id, bytes, sizeof event.id);
    std::memcpy(&event.value, bytes + sizeof event.id, sizeof event.value);
  }
  drop_parts(reader);  // the endpoint
  return event;
}

}  // namespace psephos::net
