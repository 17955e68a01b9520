// signum: m <- beta*m + (1-beta)*g, v = m, m_0 = 0 (ICML 2018, algorithm 2).

#include "runtime/base/check.h"
#include "runtime/rules/worker/worker_rule.h"

namespace psephos {
namespace {

class Signum : public WorkerRule {
 public:
  explicit Signum(float beta) : beta_(beta) {}

  std::span<const float> vote_vector(std::span<const float> gradient) override {
    prepare(gradient.size());
    kernels::kernels().momentum(momentum_.data(), gradient.data(), gradient.size(), beta_);
    return momentum_;
  }

  bool pack_signs(std::span<const float> gradient, kernels::CoinAddress coins,
                  std::uint32_t* signs) override {
    prepare(gradient.size());
    kernels::kernels().signum(momentum_.data(), gradient.data(), gradient.size(), beta_, coins,
                              signs);
    return true;
  }

  RuleSlots slots() override { return {{"momentum", &momentum_}}; }

 private:
  void prepare(std::size_t parameters) {
    if (momentum_.empty()) momentum_.resize(parameters);
    PSEPHOS_CHECK(parameters == momentum_.size(), "a gradient of another model");
  }

  float beta_;
  AlignedVector<float> momentum_;  // empty until the first vote: most of a large crowd never votes
};

constexpr RuleParameter kParameters[] = {{.name = "BETA",
                                          .meaning = "share of the old momentum that stays",
                                          .least = 0,
                                          .most = 1,
                                          .below = true,
                                          .usual_least = 0,
                                          .usual_most = 0.99,
                                          .otherwise = double{0.9f}}};

}  // namespace

extern const WorkerRuleInfo kSignum;
const WorkerRuleInfo kSignum = {
    .head = {.word = "signum",
             .help = "a client votes from the momentum of its gradients",
             .example = "signum:0.9",
             .parameters = kParameters},
    .make = [](std::span<const double> values) -> std::unique_ptr<WorkerRule> {
      return std::make_unique<Signum>(static_cast<float>(values[0]));
    }};

}  // namespace psephos
