// momentum:BETA[,DEADBAND]: u <- fl(fl(beta*u) + fl(c*net)), u_0 = 0, c = float((1 - double(beta))
// / V); abs(u) < 2^-60 becomes 0 (else u decays into denormals and sticks above zero for ever). The
// decision is sign(u) where abs(u) > DEADBAND, else 0.

#include <algorithm>
#include <array>
#include <cmath>

#include "platforms/kernels/environment.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/base/ranges.h"
#include "runtime/rules/decision/decision_rule.h"

namespace psephos {
namespace {

constexpr float kFloor = 0x1p-60F;
// A thread is worth starting for so many parameters, in whole blocks.
constexpr std::size_t kParametersOfAThread = std::size_t{1} << 20;
// Counts that are unpacked, then used while the level-one cache has them.
constexpr std::size_t kPiece = 2 * kBlockParameters;

void move(std::span<float> u, std::span<const std::int32_t> net, float beta, float c) {
  for (std::size_t i = 0; i < u.size(); ++i) {
    const float kept = beta * u[i];
    const float added = c * static_cast<float>(net[i]);
    const float moved = kept + added;
    u[i] = std::fabs(moved) < kFloor ? 0.0F : moved;
  }
}

class Momentum : public DecisionRule {
 public:
  Momentum(float beta, float dead_band) : beta_(beta), dead_band_(dead_band) {}

  Decided decide(const VoteCounts& counts, const DecisionContext& context) override {
    const std::size_t d = counts.parameters();
    if (u_.empty()) u_.resize(d);
    PSEPHOS_CHECK(u_.size() == d && counts.voters() > 0, "votes on the model that u is of");
    const auto c = static_cast<float>((1 - double{beta_}) / counts.voters());
    Decided decided;
    decided.signs.parameters = d;
    decided.signs.signs.resize(word_count(d));
    decided.signs.voted.resize(word_count(d));
    counts.net(0, {});  // what still waits to be counted is counted on this thread
    over_ranges(d, kParametersOfAThread, context.threads, [&](std::size_t begin, std::size_t end) {
      const kernels::FloatEnvironment environment;
      std::array<std::int32_t, kPiece> net;
      for (std::size_t at = begin; at < end; at += kPiece) {
        const std::size_t count = std::min(kPiece, end - at);
        const auto piece = std::span(net).first(count);
        counts.net(at, piece);
        const std::span<float> u = std::span(u_).subspan(at, count);
        move(u, piece, beta_, c);
        kernels::kernels().pack_threshold(u.data(), count, dead_band_,
                                          decided.signs.signs.data() + at / 32,
                                          decided.signs.voted.data() + at / 32);
      }
    });
    make_canonical(decided.signs);
    return decided;
  }

  RuleSlots slots() override { return {{"momentum", &u_}}; }

 private:
  float beta_;
  float dead_band_;
  AlignedVector<float> u_;
};

constexpr RuleParameter kParameters[] = {{.name = "BETA",
                                          .meaning = "share of the old momentum that stays",
                                          .least = 0,
                                          .most = 1,
                                          .below = true,
                                          .usual_least = 0.5,
                                          .usual_most = 0.99},
                                         {.name = "DEADBAND",
                                          .meaning = "share of the voters",
                                          .least = 0,
                                          .most = 1,
                                          .below = true,
                                          .usual_least = 0,
                                          .usual_most = 0.05,
                                          .otherwise = 0.0}};

}  // namespace

extern const DecisionRuleInfo kMomentum;
const DecisionRuleInfo kMomentum = {
    .head = {.word = "momentum",
             .help = "by the momentum of the rounds' votes, no step where it is at most DEADBAND",
             .example = "momentum:0.95",
             .parameters = kParameters},
    .needs =
        [](std::span<const double> values) {
          return DecisionNeeds{.zeros = values[1] > 0, .state = true};
        },
    .make = [](std::span<const double> values) -> std::unique_ptr<DecisionRule> {
      return std::make_unique<Momentum>(static_cast<float>(values[0]),
                                        static_cast<float>(values[1]));
    }};

}  // namespace psephos
