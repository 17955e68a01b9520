#pragma once
// What libzmq asks about a peer that has proved its key, and what it may be answered (RFC 27/ZAP).
// Plain values: the Doorman carries them. Private to runtime/net.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/net/allow_list.h"

namespace psephos::net {

// Every encrypted socket of ours names it, so that a request is known to be about one of them.
inline constexpr std::string_view kZapDomain = "psephos";
inline constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";

struct ZapRequest {
  std::string id;  // to be repeated
  std::string domain;
  std::string address;    // "192.0.2.7"
  std::string mechanism;  // "NULL", "PLAIN", "CURVE"
  std::string key;        // Z85 text; empty where the mechanism has none
};

// The frames of one request: version, id, domain, address, routing id, mechanism, credentials.
// Nothing where they are not that.
std::optional<ZapRequest> read_zap_request(std::span<const std::string> frames);

enum class Verdict {
  kAdmitted,
  kRefused,  // the peer is told so (its monitor sees 400)
  // Too many at once. ZAP has 300 for it, but at 300 libzmq tells the peer nothing and keeps the
  // connection until its handshake times out, five seconds and a descriptor later (libzmq issue
  // 2667 asks for the contrary). At 500 the peer is told at once and may come back.
  kPutOff,
};
std::string_view status_code(Verdict verdict);
std::string_view status_text(Verdict verdict);

// Is this one of our domain, with CURVE, and a key of the list? How many come in at a time is the
// caller's to see to.
bool may_come_in(const ZapRequest& request, const AllowList& list);

}  // namespace psephos::net
