#include <fmt/format.h>

#include <cerrno>

#include "runtime/net/endpoint.h"
#include "runtime/net/zmq_state.h"

namespace psephos::net {
namespace {

// libzmq would come back after a fixed interval: every client of a restarted coordinator at once,
// and against a wait that the coordinator sent.
constexpr int kNeverReconnect = -1;

}  // namespace

Result<DealerSocket> DealerSocket::connect(Context& context, const std::string& endpoint,
                                           std::size_t max_frame_bytes, int heartbeat_ms,
                                           const std::optional<ClientCurve>& curve, bool watched) {
  const Result<Endpoint> parsed = parse_endpoint(endpoint, false);
  if (!parsed) return parsed.error();
  if (curve) {
    if (!is_curve_key(curve->server_key)) return not_a_key("the server's public key");
    if (!is_curve_key(curve->own.public_key)) return not_a_key("the client's public key");
    if (!is_curve_key(curve->own.secret_key)) return not_a_key("the client's secret key");
  }
  try {
    auto state = std::make_unique<State>();
    state->socket = zmq::socket_t(context.state_->context, zmq::socket_type::dealer);
    set_common_options(state->socket, max_frame_bytes + (curve ? kCurveFrameBytes : 0),
                       heartbeat_ms, parsed->ipv6);
    state->socket.set(zmq::sockopt::reconnect_ivl, kNeverReconnect);
    if (curve) {
      state->socket.set(zmq::sockopt::curve_serverkey, curve->server_key);
      state->socket.set(zmq::sockopt::curve_publickey, curve->own.public_key);
      state->socket.set(zmq::sockopt::curve_secretkey, curve->own.secret_key);
    }
    if (watched) state->watch.emplace(context.state_->context, state->socket);
    state->socket.connect(to_string(*parsed));
    return DealerSocket(std::move(state));
  } catch (const zmq::error_t& error) {
    if (error.num() == EMFILE || error.num() == ENFILE) {
      return Error{
          fmt::format("cannot connect to {}: {}: raise the limit of open files (ulimit -n)",
                      endpoint, error.what())};
    }
    return Error{fmt::format("cannot connect to {}: {}; check --connect", endpoint, error.what())};
  }
}

DealerSocket::DealerSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
DealerSocket::DealerSocket(DealerSocket&&) noexcept = default;
DealerSocket& DealerSocket::operator=(DealerSocket&&) noexcept = default;
DealerSocket::~DealerSocket() = default;

std::optional<Frame> DealerSocket::receive() {
  for (int dropped = 0; dropped < kMaxDroppedMessages; ++dropped) {
    const std::optional<zmq::message_t> part = receive_part(state_->socket);
    if (!part) return std::nullopt;
    if (!part->more()) return state_->frames.copy(bytes_of(*part));
    drop_parts(state_->socket);
  }
  return std::nullopt;
}

bool DealerSocket::send(const Frame& frame) {
  return send_part(state_->socket, share_frame(frame), zmq::send_flags::none);
}

std::optional<ConnectionNews> DealerSocket::news() {
  return state_->watch ? state_->watch->next() : std::nullopt;
}

void DealerSocket::close(std::chrono::milliseconds linger) {
  state_->watch.reset();
  close_socket(state_->socket, linger);
}

}  // namespace psephos::net
