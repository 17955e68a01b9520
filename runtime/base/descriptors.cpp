#include "runtime/base/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace psephos {

Status ensure_descriptors(std::uint64_t needed) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Error{fmt::format("the limit of open files cannot be read: {}", std::strerror(errno))};
  }
  if (limit.rlim_cur >= needed) return Ok{};
  const std::uint64_t most = limit.rlim_max;
  limit.rlim_cur = needed;
  if (most >= needed && setrlimit(RLIMIT_NOFILE, &limit) == 0) return Ok{};
  return Error{
      fmt::format("{} open files are needed, this process may have {}: raise the limit (ulimit -n)",
                  needed, most)};
}

}  // namespace psephos
