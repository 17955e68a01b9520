// signsgd: v = g (ICML 2018, algorithms 1 and 3).

#include "runtime/rules/worker/worker_rule.h"

namespace psephos {
namespace {

class Signsgd : public WorkerRule {
 public:
  std::span<const float> vote_vector(std::span<const float> gradient) override { return gradient; }
};

}  // namespace

extern const WorkerRuleInfo kSignsgd;
const WorkerRuleInfo kSignsgd = {
    .head = {.word = "signsgd",
             .help = "a client votes from its gradient",
             .example = "signsgd",
             .parameters = {}},
    .make = [](std::span<const double>) -> std::unique_ptr<WorkerRule> {
      return std::make_unique<Signsgd>();
    }};

}  // namespace psephos
