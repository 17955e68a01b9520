#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <system_error>

#include "runtime/base/check.h"
#include "runtime/net/zmq_state.h"

namespace psephos::net {
namespace {

void wait_for(std::span<zmq::pollitem_t> items, std::chrono::milliseconds timeout) {
  try {
    zmq::poll(items.data(), items.size(), std::max(timeout, timeout.zero()));
  } catch (const zmq::error_t& error) {
    PSEPHOS_CHECK(error.num() == EINTR, error.what());
  }
}

zmq::pollitem_t item_of(const Waker& waker) { return {nullptr, waker.descriptor(), ZMQ_POLLIN, 0}; }

void wait_for(zmq::socket_ref socket, short events, const Waker* waker,
              std::chrono::milliseconds timeout) {
  std::array<zmq::pollitem_t, 2> items = {{{socket.handle(), 0, events, 0}, {}}};
  if (waker != nullptr) items[1] = item_of(*waker);
  wait_for(std::span(items).first(waker == nullptr ? 1 : 2), timeout);
}

}  // namespace

Waker::Waker() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot open a pipe");
  }
  read_ = ends[0];
  write_ = ends[1];
}

Waker::~Waker() {
  ::close(read_);
  ::close(write_);
}

void Waker::wake() {
  const int saved = errno;  // a signal handler must leave it alone
  const char byte = 0;
  while (::write(write_, &byte, 1) < 0 && errno == EINTR) {
  }  // a full pipe wakes as well
  errno = saved;
}

void Waker::drain() {
  std::array<char, 64> bytes{};
  for (;;) {
    const ssize_t got = ::read(read_, bytes.data(), bytes.size());
    if (got == 0 || (got < 0 && errno != EINTR)) return;
  }
}

void wait(const RouterSocket& socket, const Waker* waker, std::chrono::milliseconds timeout) {
  wait_for(socket.state_->socket, ZMQ_POLLIN, waker, timeout);
}

void wait(const DealerSocket& socket, const Waker* waker, std::chrono::milliseconds timeout,
          bool to_send) {
  wait_for(socket.state_->socket, to_send ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN, waker, timeout);
}

void wait(const Waker& waker, std::chrono::milliseconds timeout) {
  zmq::pollitem_t item = item_of(waker);
  wait_for(std::span(&item, 1), timeout);
}

}  // namespace psephos::net
