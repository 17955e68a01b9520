#include "runtime/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace psephos {

void check_failed(const char* condition, const char* text, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: %s (%s is false); this is a bug in Psephos\n", file, line, text,
               condition);
  std::abort();
}

}  // namespace psephos
