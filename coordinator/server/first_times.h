#pragma once
// Says in one sentence when a bound is hit for the first time; how often it was, summary.json says.

#include <bitset>
#include <string>
#include <vector>

#include "runtime/report/net_counters.h"

namespace psephos::coordinator {

class FirstTimes {
 public:
  // Sentences for the counters that were 0 at every call before and are not now.
  std::vector<std::string> news(const NetCounters& counters);

 private:
  std::bitset<16> said_;
};

}  // namespace psephos::coordinator
