#pragma once
// Open files: every connection is one, and Debian's soft limit is 1,024.

#include <cstdint>

#include "runtime/base/result.h"

namespace psephos {

// Raises this process' soft limit of open files to `needed`, where the hard limit allows; else an
// error that names both numbers and what to do.
Status ensure_descriptors(std::uint64_t needed);

}  // namespace psephos
