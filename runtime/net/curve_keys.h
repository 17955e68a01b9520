#pragma once
// Keys for CURVE, libzmq's encryption: a peer proves that it holds the secret half of a key pair,
// and everything after that is encrypted both ways (RFC 26/CURVEZMQ).
//
// What this gives today: nobody on the way reads or changes frames, and a client knows that it
// speaks to the holder of the server's secret key. It does *not* say who may connect: without an
// authentication handler libzmq admits every client key.

#include <string>

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

// A new random pair. An error where libzmq was built without CURVE.
Result<CurveKeys> make_curve_keys();

}  // namespace psephos::net
