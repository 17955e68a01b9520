#include "client/agent/connection_report.h"

#include <fmt/format.h>

#include <utility>

namespace psephos::client {

ConnectionReport::ConnectionReport(std::string endpoint,
                                   const std::optional<net::ClientCurve>& curve)
    : endpoint_(std::move(endpoint)), own_key_(curve ? curve->own.public_key : "") {}

std::optional<std::string> ConnectionReport::sentence(net::ConnectionNews news) {
  using net::ConnectionNews;
  if (news == ConnectionNews::kReady) {
    said_.clear();
    failure_said_ = false;
    return std::nullopt;
  }
  if (!said_.insert(news).second) return std::nullopt;
  switch (news) {
    case ConnectionNews::kReady:
      break;
    case ConnectionNews::kNobodyThere:
      return fmt::format(
          "nobody listens at {}: start the coordinator, check --connect, or look for a firewall "
          "between",
          endpoint_);
    case ConnectionNews::kHungUp:
      if (own_key_.empty()) {
        // One with keys may hang up before its greeting has told so.
        return fmt::format(
            "who listens at {} is no coordinator, or one that speaks with keys only: check "
            "--connect, or give --key and --server-key",
            endpoint_);
      }
      return fmt::format(
          "who listens at {} does not hold the key of --server-key, or is a proxy with nothing "
          "behind it: fetch the coordinator's .pub file again, or check --connect",
          endpoint_);
    case ConnectionNews::kUnanswered:
      return fmt::format(
          "who listens at {} takes connections and does not answer them: a coordinator that is "
          "stopped or overloaded, a proxy with nothing behind it, or no coordinator",
          endpoint_);
    case ConnectionNews::kNotAllowed:
      return fmt::format(
          "the coordinator at {} has this client's key {} not on its list: have it added there "
          "(--allow)",
          endpoint_, own_key_);
    case ConnectionNews::kPutOff:
      return fmt::format("the coordinator at {} lets no more clients in just now: it is busy",
                         endpoint_);
    case ConnectionNews::kOtherMechanism:
      return own_key_.empty()
                 ? fmt::format(
                       "the coordinator at {} speaks with keys only: give --key and "
                       "--server-key",
                       endpoint_)
                 : fmt::format(
                       "the coordinator at {} speaks without keys: start it with --key, or "
                       "leave --key and --server-key out here",
                       endpoint_);
  }
  return std::nullopt;
}

std::optional<std::string> ConnectionReport::failure(const Error& error) {
  if (std::exchange(failure_said_, true)) return std::nullopt;
  return fmt::format("{} (trying again)", error.text);
}

}  // namespace psephos::client
