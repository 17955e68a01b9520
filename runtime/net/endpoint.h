#pragma once
// The parts of "tcp://HOST:PORT". Private to runtime/net; users check with check_endpoint().

#include <cstdint>
#include <string>

#include "runtime/base/result.h"

namespace psephos::net {

struct Endpoint {
  std::string host;  // IPv6 without its brackets
  std::uint16_t port = 0;
  bool ipv6 = false;  // was in brackets
};

Result<Endpoint> parse_endpoint(const std::string& endpoint, bool bind);

// As libzmq wants it.
std::string to_string(const Endpoint& endpoint);

}  // namespace psephos::net
