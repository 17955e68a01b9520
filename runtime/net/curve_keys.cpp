#include "runtime/net/curve_keys.h"

#include <zmq.h>

#include <array>
#include <cstdint>

namespace psephos::net {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyCharacters = 40;  // of Z85, five for four bytes

const Error kNoCurve{
    "this libzmq was built without CURVE: install one with libsodium, such as Debian's"};

}  // namespace

Result<CurveKeys> make_curve_keys() {
  for (;;) {                                            // one pair in forty is passed over
    std::array<char, kKeyCharacters + 1> public_key{};  // with the closing 0
    std::array<char, kKeyCharacters + 1> secret_key{};
    if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) return kNoCurve;
    if (public_key[0] == '#' || secret_key[0] == '#') continue;
    return CurveKeys{public_key.data(), secret_key.data()};
  }
}

Result<CurveKeys> curve_pair_of(const std::string& secret_key) {
  if (!is_curve_key(secret_key)) return Error{"the secret key is not 40 characters of Z85 text"};
  std::array<char, kKeyCharacters + 1> public_key{};
  if (zmq_curve_public(public_key.data(), secret_key.c_str()) != 0) return kNoCurve;
  return CurveKeys{public_key.data(), secret_key};
}

bool is_curve_key(std::string_view text) {
  std::array<std::uint8_t, kKeyBytes> raw{};
  return text.size() == kKeyCharacters && text.find('\0') == text.npos &&
         zmq_z85_decode(raw.data(), std::string(text).c_str()) != nullptr;
}

}  // namespace psephos::net
