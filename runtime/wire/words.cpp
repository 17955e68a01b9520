#include <fmt/format.h>

#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
#include "runtime/wire/text.h"

namespace psephos::wire {

std::string refusal_word(std::uint8_t code) {
  switch (static_cast<RefusalCode>(code)) {
    case RefusalCode::kMalformed:
      return "malformed";
    case RefusalCode::kNotAllowed:
      return "not-allowed";
    case RefusalCode::kRejoin:
      return "rejoin";
    case RefusalCode::kResend:
      return "resend";
    case RefusalCode::kOtherRun:
      return "other-run";
    case RefusalCode::kProtocol:
      return "protocol";
    case RefusalCode::kTooLarge:
      return "too-large";
    case RefusalCode::kOtherData:
      return "other-data";
    case RefusalCode::kBusy:
      return "busy";
    case RefusalCode::kPending:
      return "pending";
  }
  return fmt::format("code {}", code);
}

Status check_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || !is_printable_ascii(name, false)) {
    return Error{
        fmt::format("the client's name has to be 1 to {} printable ASCII characters without spaces",
                    kMaxNameBytes)};
  }
  return Ok{};
}

}  // namespace psephos::wire
