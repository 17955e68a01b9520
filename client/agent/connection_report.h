#pragma once
// What a person is told about a connection that could not be made: one sentence for each cause,
// once until the connection stands again. (That the client goes on trying, the session machine
// says.)

#include <optional>
#include <string>

#include "runtime/net/curve_keys.h"
#include "runtime/net/sockets.h"

namespace psephos::client {

class ConnectionReport {
 public:
  // `endpoint` and `curve` as the agent connects with them.
  ConnectionReport(std::string endpoint, const std::optional<net::ClientCurve>& curve);

  // The sentence for `news`, or nothing where it has been said.
  std::optional<std::string> sentence(net::ConnectionNews news);

 private:
  std::string endpoint_;
  std::string own_key_;  // public; empty without keys
  net::ConnectionNews last_ = net::ConnectionNews::kReady;
};

}  // namespace psephos::client
