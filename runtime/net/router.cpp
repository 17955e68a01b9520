#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/net/endpoint.h"
#include "runtime/net/monitor.h"
#include "runtime/net/zap.h"
#include "runtime/net/zmq_state.h"

namespace psephos::net {
namespace {

constexpr int kMonitored = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED |
                           ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                           ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

// Of libzmq since 4.3.0, whose header shows it among its drafts only. Without it a socket whose
// handler is gone would admit every key.
constexpr int kZapEnforceDomain = 93;

// Encryption, and a handler's word on every key. Throws zmq::error_t.
void demand_keys(zmq::socket_t& socket, const ServerCurve& curve) {
  socket.set(zmq::sockopt::zap_domain, std::string(kZapDomain));
  const int yes = 1;
  if (zmq_setsockopt(socket.handle(), kZapEnforceDomain, &yes, sizeof yes) != 0) {
    throw zmq::error_t();
  }
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, curve.secret_key);
}

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

// The handler's User-Id, which libzmq attaches to every frame of a peer. (On a socket without
// encryption a peer may claim one itself.)
std::string key_of(const zmq::message_t& part) {
  const char* key = zmq_msg_gets(part.handle(), "User-Id");
  return key == nullptr ? "" : key;
}

enum class Begun { kYes, kFull, kGone };

// Past cppzmq, which throws where nobody is there: an everyday thing here.
Begun begin_message(zmq::socket_t& socket, const std::string& peer) {
  for (bool looked = false;;) {
    if (zmq_send(socket.handle(), peer.data(), peer.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0) {
      return Begun::kYes;
    }
    if (zmq_errno() == EAGAIN) {
      if (std::exchange(looked, true)) return Begun::kFull;
      // A sender hears what libzmq's thread has taken off its queue only now and then, and takes a
      // queue of four for full that has long been emptied. Asked for events, it looks.
      static_cast<void>(socket.get(zmq::sockopt::events));
      continue;
    }
    if (zmq_errno() == EHOSTUNREACH) return Begun::kGone;
    PSEPHOS_CHECK(zmq_errno() == EINTR, zmq_strerror(zmq_errno()));
  }
}

}  // namespace

Result<RouterSocket> RouterSocket::bind(Context& context, const std::string& endpoint,
                                        std::size_t max_frame_bytes, int heartbeat_ms,
                                        const std::optional<ServerCurve>& curve,
                                        const Doorman* doorman) {
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
    // A peer that is gone or full is skipped: it catches up when it is back. This has it counted.
    state->socket.set(zmq::sockopt::router_mandatory, true);
    if (curve) demand_keys(state->socket, *curve);
    state->encrypted = curve.has_value();
    if (doorman != nullptr) {
      start_monitor(state->socket, kDoorMonitor, kMonitored);
      state->monitored = true;
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

RouterSocket::State::~State() {
  if (monitored) stop_monitor(socket);
}

const std::string& RouterSocket::endpoint() const { return state_->endpoint; }
bool RouterSocket::encrypted() const { return state_->encrypted; }
const RouterCounters& RouterSocket::counters() const { return state_->counters; }

std::optional<Incoming> RouterSocket::receive() {
  for (int dropped = 0; dropped < kMaxDroppedMessages; ++dropped) {
    const std::optional<zmq::message_t> peer = receive_part(state_->socket);
    if (!peer) return std::nullopt;
    const std::optional<zmq::message_t> part =
        peer->more() ? receive_part(state_->socket) : std::nullopt;
    if (part && !part->more()) {
      return Incoming{peer->to_string(), state_->encrypted ? key_of(*part) : "",
                      state_->frames.copy(bytes_of(*part))};
    }
    ++state_->counters.misshapen;
    drop_parts(state_->socket);
  }
  return std::nullopt;
}

void RouterSocket::send(const std::string& peer, const Frame& frame) {
  // A refused routing id is the end of it; an accepted one always takes its frame.
  switch (begin_message(state_->socket, peer)) {
    case Begun::kYes:
      send_part(state_->socket, share_frame(frame), zmq::send_flags::none);
      break;
    case Begun::kFull:
      ++state_->counters.skipped;
      break;
    case Begun::kGone:
      ++state_->counters.gone;
      break;
  }
}

void RouterSocket::close(std::chrono::milliseconds linger) {
  if (std::exchange(state_->monitored, false)) stop_monitor(state_->socket);
  close_socket(state_->socket, linger);
}

}  // namespace psephos::net
