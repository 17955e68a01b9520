// Ballots on their way in, without and with encryption.

#include <fmt/format.h>

#include "bench/kernels/intake.h"
#include "bench/kernels/table.h"
#include "platforms/kernels/kernels.h"

namespace psephos::bench {
namespace {

constexpr std::uint32_t kRounds = 200;
constexpr std::uint32_t kQuickRounds = 40;
constexpr int kRepeats = 5;
constexpr int kQuickRepeats = 2;
constexpr double kBytesPerParameter = 1.0 / 8;

void intake_row(Table& table, const char* name, bool curve, double target) {
  if (!table.wants(name)) return;
  IntakeOptions options;
  options.curve = curve;
  options.rounds = table.quick() ? kQuickRounds : kRounds;
  options.repeats = table.quick() ? kQuickRepeats : kRepeats;
  const auto figures = measure_intake(options);
  if (!figures) {
    table.skip(name, figures.error().text);
    return;
  }
  Row row;
  row.kernel = name;
  row.isa = kernels::kernels().name;
  row.parameters = options.parameters;
  row.voters = options.peers;
  row.gb_s = 1 / figures->coordinator_s_per_gb;
  row.ns_per_parameter = figures->coordinator_s_per_gb * kBytesPerParameter * options.peers;
  row.limit_gb_s = 1 / figures->router_s_per_gb;
  row.ratio = figures->coordinator_s_per_gb / figures->router_s_per_gb;
  row.target = Target{Target::Of::kRatioAtMost, target};
  row.beside = fmt::format("CPU s/GB {:.3f}, a bare ROUTER's {:.3f}", figures->coordinator_s_per_gb,
                           figures->router_s_per_gb);
  table.add(row);
}

}  // namespace

void intake_rows(Table& table) {
  intake_row(table, "intake", false, 1.25);
  intake_row(table, "intake_curve", true, 1.1);
}

}  // namespace psephos::bench
