#pragma once
// What a person is told about a connection that could not be made: one sentence for each cause,
// once until the connection stands again, however the causes take turns. (That the client goes on
// trying, the session machine says.)

#include <optional>
#include <set>
#include <string>

#include "runtime/base/result.h"
#include "runtime/net/curve_keys.h"
#include "runtime/net/sockets.h"

namespace psephos::client {

class ConnectionReport {
 public:
  // `endpoint` and `curve` as the agent connects with them.
  ConnectionReport(std::string endpoint, const std::optional<net::ClientCurve>& curve);

  // The sentence for `news`, or nothing where it has been said.
  std::optional<std::string> sentence(net::ConnectionNews news);
  // Likewise where there is not even a socket.
  std::optional<std::string> failure(const Error& error);

 private:
  std::string endpoint_;
  std::string own_key_;  // public; empty without keys
  std::set<net::ConnectionNews> said_;
  bool failure_said_ = false;
};

}  // namespace psephos::client
