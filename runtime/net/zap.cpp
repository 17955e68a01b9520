#include "runtime/net/zap.h"

#include <zmq.h>

#include <array>
#include <cstdint>

namespace psephos::net {
namespace {

constexpr std::string_view kVersion = "1.0";
constexpr std::size_t kFrames = 7;  // with one credential, as CURVE has
constexpr std::size_t kKeyBytes = 32;

std::string z85(const std::string& raw) {
  std::array<char, kKeyBytes / 4 * 5 + 1> text{};
  if (raw.size() != kKeyBytes) return "";
  zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
  return text.data();
}

}  // namespace

std::optional<ZapRequest> read_zap_request(std::span<const std::string> frames) {
  if (frames.size() < kFrames - 1 || frames[0] != kVersion) return std::nullopt;
  ZapRequest request{frames[1], frames[2], frames[3], frames[5], ""};
  if (request.mechanism == "CURVE" && frames.size() == kFrames) request.key = z85(frames[6]);
  return request;
}

std::string_view status_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAdmitted:
      return "200";
    case Verdict::kRefused:
      return "400";
    case Verdict::kPutOff:
      break;
  }
  return "500";
}

std::string_view status_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAdmitted:
      return "OK";
    case Verdict::kRefused:
      return "not on the list";
    case Verdict::kPutOff:
      break;
  }
  return "too many at once";
}

bool may_come_in(const ZapRequest& request, const AllowList& list) {
  return request.domain == kZapDomain && request.mechanism == "CURVE" && !request.key.empty() &&
         list.allows(request.key);
}

}  // namespace psephos::net
