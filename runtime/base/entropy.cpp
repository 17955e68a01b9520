#include "runtime/base/entropy.h"

#include <sys/random.h>

#include <cerrno>
#include <stdexcept>

namespace psephos {

std::uint64_t random_identifier() {
  std::uint64_t value = 0;
  while (value == 0) {
    // Interruptible only while a machine that has just started collects its first entropy.
    const ssize_t got = getrandom(&value, sizeof value, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof value) {
      throw std::runtime_error("the operating system gives no random numbers (getrandom failed)");
    }
  }
  return value;
}

}  // namespace psephos
