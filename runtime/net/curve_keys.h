#pragma once
// Keys for CURVE, libzmq's encryption: a peer proves that it holds the secret half of a key pair,
// and everything after that is encrypted both ways (RFC 26/CURVEZMQ).
//
// Nobody on the way reads or changes frames, and a client knows that it speaks to the holder of the
// server's secret key. Which clients may come in is the Doorman's to say (doorman.h).

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace psephos::net {

// 32 bytes each, as Z85 text of 40 characters.
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
};

// What a ROUTER needs.
struct ServerCurve {
  std::string secret_key;
};

// What a DEALER needs: its own pair, and the public key of the server it means to reach.
struct ClientCurve {
  CurveKeys own;
  std::string server_key;
};

// A new random pair, neither half of which begins with '#', the sign of a comment in key files and
// lists. An error where libzmq was built without CURVE.
Result<CurveKeys> make_curve_keys();

// The pair that `secret_key` is a half of.
Result<CurveKeys> curve_pair_of(const std::string& secret_key);

// Is this a key as Z85 text? libzmq would take any 32 bytes for a raw one.
bool is_curve_key(std::string_view text);

}  // namespace psephos::net
