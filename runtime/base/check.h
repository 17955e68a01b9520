#pragma once
// PSEPHOS_CHECK(condition, text): for invariants of our own. On in release builds: a wrong vote is
// worse than a stopped process. Prints file, line and text to stderr and aborts.

namespace psephos {

[[noreturn]] void check_failed(const char* condition, const char* text, const char* file, int line);

}  // namespace psephos

#define PSEPHOS_CHECK(condition, text)                 \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::psephos::check_failed(#condition, text, __FILE__, __LINE__))
