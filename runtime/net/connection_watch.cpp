#include "runtime/net/connection_watch.h"

#include <fmt/format.h>

#include "runtime/net/monitor.h"

namespace psephos::net {
namespace {

constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
constexpr std::uint32_t kDenied = 400;  // of ZAP

// Nobody refuses a key so slowly: where it took longer, a limit ran out, theirs or ours.
constexpr std::chrono::milliseconds kAtOnce = kHandshakeLimit - std::chrono::milliseconds{1000};

}  // namespace

ConnectionWatch::ConnectionWatch(zmq::context_t& context, zmq::socket_t& socket)
    : socket_(socket), reader_(context, zmq::socket_type::pair) {
  const std::string address = fmt::format("inproc://psephos.watch.{}", socket.handle());
  reader_.set(zmq::sockopt::linger, 0);
  start_monitor(socket_, address, kEvents);
  reader_.connect(address);
}

ConnectionWatch::~ConnectionWatch() { stop_monitor(socket_); }

ConnectionNews ConnectionWatch::hung_up() const {
  return connected_ && std::chrono::steady_clock::now() - *connected_ > kAtOnce
             ? ConnectionNews::kUnanswered
             : ConnectionNews::kHungUp;
}

std::optional<ConnectionNews> ConnectionWatch::next() {
  while (const auto event = next_event(reader_)) {
    switch (event->id) {
      case ZMQ_EVENT_CONNECTED:
        connected_ = std::chrono::steady_clock::now();
        break;
      case ZMQ_EVENT_CLOSED:
        if (!connected_) return ConnectionNews::kNobodyThere;
        break;
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return ConnectionNews::kReady;
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return event->value == kDenied ? ConnectionNews::kNotAllowed : ConnectionNews::kPutOff;
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return event->value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
                   ? ConnectionNews::kOtherMechanism
                   : hung_up();
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return hung_up();
      default:
        break;
    }
  }
  return std::nullopt;
}

}  // namespace psephos::net
