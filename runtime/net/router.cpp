#include <fmt/format.h>

#include <cerrno>

#include "runtime/base/check.h"
#include "runtime/net/endpoint.h"
#include "runtime/net/zmq_state.h"

namespace psephos::net {
namespace {

Error bind_error(const Endpoint& endpoint, const zmq::error_t& error) {
  switch (error.num()) {
    case EADDRINUSE:
      return Error{
          fmt::format("port {} on {} is in use: stop the other process or choose another --bind",
                      endpoint.port, endpoint.host)};
    case EADDRNOTAVAIL:
    case ENODEV:
      return Error{
          fmt::format("this machine has no address or interface {}: choose another --bind, such as "
                      "tcp://127.0.0.1:{} or tcp://*:{}",
                      endpoint.host, endpoint.port, endpoint.port)};
    case EACCES:
      return Error{
          fmt::format("port {} needs privileges: choose one above 1023 in --bind", endpoint.port)};
    default:
      return Error{fmt::format("cannot listen on {}: {}; choose another --bind",
                               to_string(endpoint), error.what())};
  }
}

}  // namespace

Result<RouterSocket> RouterSocket::bind(Context& context, const std::string& endpoint,
                                        std::size_t max_frame_bytes, int heartbeat_ms,
                                        const std::optional<ServerCurve>& curve) {
  Result<Endpoint> parsed = parse_endpoint(endpoint, true);
  if (!parsed) return parsed.error();
  // libzmq looks names up only for connecting; this one is worth an exception.
  if (parsed->host == "localhost") parsed->host = "127.0.0.1";
  if (curve && !is_curve_key(curve->secret_key)) return not_a_key("the server's secret key");
  try {
    auto state = std::make_unique<State>();
    state->socket = zmq::socket_t(context.state_->context, zmq::socket_type::router);
    set_common_options(state->socket, max_frame_bytes + (curve ? kCurveFrameBytes : 0),
                       heartbeat_ms, parsed->ipv6);
    // With handover, a second peer that claims a routing id receives the first one's decisions.
    state->socket.set(zmq::sockopt::router_handover, false);
    // A peer that is gone or full is skipped, not reported: it catches up when it is back.
    state->socket.set(zmq::sockopt::router_mandatory, false);
    if (curve) {
      state->socket.set(zmq::sockopt::curve_server, true);
      state->socket.set(zmq::sockopt::curve_secretkey, curve->secret_key);
    }
    state->socket.bind(to_string(*parsed));
    state->endpoint = state->socket.get(zmq::sockopt::last_endpoint);
    return RouterSocket(std::move(state));
  } catch (const zmq::error_t& error) {
    return bind_error(*parsed, error);
  }
}

RouterSocket::RouterSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
RouterSocket::RouterSocket(RouterSocket&&) noexcept = default;
RouterSocket& RouterSocket::operator=(RouterSocket&&) noexcept = default;
RouterSocket::~RouterSocket() = default;

const std::string& RouterSocket::endpoint() const { return state_->endpoint; }

std::optional<Incoming> RouterSocket::receive() {
  for (int dropped = 0; dropped < kMaxDroppedMessages; ++dropped) {
    const std::optional<zmq::message_t> peer = receive_part(state_->socket);
    if (!peer) return std::nullopt;
    const std::optional<zmq::message_t> part =
        peer->more() ? receive_part(state_->socket) : std::nullopt;
    if (part && !part->more())
      return Incoming{peer->to_string(), state_->frames.copy(bytes_of(*part))};
    drop_parts(state_->socket);
  }
  return std::nullopt;
}

void RouterSocket::send(const std::string& peer, const Frame& frame) {
  // A refused routing id is the end of it; an accepted one always takes its frame.
  if (send_part(state_->socket, zmq::message_t(peer), zmq::send_flags::sndmore)) {
    send_part(state_->socket, share_frame(frame), zmq::send_flags::none);
  }
}

void RouterSocket::close(std::chrono::milliseconds linger) { close_socket(state_->socket, linger); }

}  // namespace psephos::net
