#include <array>

#include "runtime/rules/worker/worker_rule.h"

namespace psephos {

extern const WorkerRuleInfo kSignsgd;
extern const WorkerRuleInfo kSignum;

const Family<WorkerRuleInfo>& worker_rules() {
  static constexpr std::array kRules = {
      &kSignum,
      &kSignsgd,
  };
  static const Family<WorkerRuleInfo> kFamily("algorithm", kRules);
  return kFamily;
}

Result<WorkerChoice> parse_worker_rule(std::string_view text) { return worker_rules().parse(text); }

}  // namespace psephos
