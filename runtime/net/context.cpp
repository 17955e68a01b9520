#include <system_error>

#include "runtime/net/zmq_state.h"

namespace psephos::net {

Context::Context(int max_sockets) try : state_(std::make_unique<State>()) {
  state_->context.set(zmq::ctxopt::max_sockets, max_sockets);
} catch (const zmq::error_t& error) {
  throw std::system_error(error.num(), std::generic_category(), "cannot start the network layer");
}

Context::~Context() = default;

}  // namespace psephos::net
