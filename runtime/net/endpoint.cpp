#include "runtime/net/endpoint.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include "runtime/net/sockets.h"

namespace psephos::net {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::size_t kMaxHostBytes = 253;  // of a DNS name

bool all_of(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [punctuation](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           punctuation.find(c) != std::string_view::npos;
  });
}

bool is_dotted_quad(std::string_view host) {
  return std::count(host.begin(), host.end(), '.') == 3 &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& endpoint, bool bind) {
  const std::string_view flag = bind ? "--bind" : "--connect";
  const Error malformed{fmt::format("\"{}\" is no endpoint: write {} tcp://HOST:PORT, such as {}",
                                    endpoint, flag, "tcp://127.0.0.1:5580")};
  std::string_view rest = endpoint;
  if (!rest.starts_with(kTcp)) return malformed;
  rest.remove_prefix(kTcp.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == rest.npos) return malformed;
  std::string_view host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);

  Endpoint parsed;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    parsed.ipv6 = true;
  }
  const bool wildcard = host == "*" && !parsed.ipv6;
  if (host.empty() || host.size() > kMaxHostBytes) return malformed;
  if (!wildcard && !all_of(host, parsed.ipv6 ? ":.%" : ".-_")) return malformed;
  if (wildcard && !bind) {
    return Error{fmt::format("\"{}\" names no coordinator: write its host in --connect", endpoint)};
  }
  parsed.host = host;

  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  if (failure != std::errc{} || end != port.data() + port.size()) return malformed;
  if (parsed.port == 0 && !bind) {
    return Error{
        fmt::format("\"{}\" has port 0: write the coordinator's port in --connect", endpoint)};
  }
  return parsed;
}

std::string to_string(const Endpoint& endpoint) {
  return endpoint.ipv6 ? fmt::format("tcp://[{}]:{}", endpoint.host, endpoint.port)
                       : fmt::format("tcp://{}:{}", endpoint.host, endpoint.port);
}

Status check_host(const std::string& endpoint) {
  const Result<Endpoint> parsed = parse_endpoint(endpoint, false);
  if (!parsed) return parsed.error();
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(parsed->host.c_str(), nullptr, nullptr, &found);
  if (code == 0) {
    ::freeaddrinfo(found);
    return Ok{};
  }
  return Error{
      fmt::format("the host {} cannot be looked up now ({}): check --connect and the network",
                  parsed->host, ::gai_strerror(code))};
}

Status check_endpoint(const std::string& endpoint, bool bind) {
  const Result<Endpoint> parsed = parse_endpoint(endpoint, bind);
  if (!parsed) return parsed.error();
  return Ok{};
}

bool is_loopback(const std::string& endpoint) {
  const Result<Endpoint> parsed = parse_endpoint(endpoint, true);
  if (!parsed) return false;
  if (parsed->ipv6) return parsed->host == "::1";
  return parsed->host == "localhost" ||
         (parsed->host.starts_with("127.") && is_dotted_quad(parsed->host));
}

}  // namespace psephos::net
