#include "runtime/net/curve_keys.h"

#include <zmq.h>

#include <array>

namespace psephos::net {

Result<CurveKeys> make_curve_keys() {
  std::array<char, 41> public_key{};  // with the closing 0
  std::array<char, 41> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    return Error{
        "this libzmq was built without CURVE: install one with libsodium, such as Debian's"};
  }
  return CurveKeys{public_key.data(), secret_key.data()};
}

}  // namespace psephos::net
