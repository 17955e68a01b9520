#include "bench/kernels/row.h"

#include <fmt/format.h>

namespace psephos::bench {
namespace {

std::string json_number(std::optional<double> value) {
  return value ? fmt::format("{:.5g}", *value) : "null";
}

std::string number_or_dash(std::optional<double> value, const char* unit = "") {
  return value ? fmt::format("{:.3g}{}", *value, unit) : "-";
}

std::string target_words(const std::optional<Target>& target) {
  if (!target) return "-";
  switch (target->of) {
    case Target::Of::kRatioAtLeast:
      return fmt::format(">= {:.4g}", target->value);
    case Target::Of::kRatioAtMost:
      return fmt::format("<= {:.4g}", target->value);
    case Target::Of::kNanosecondsAtMost:
      return fmt::format("<= {:.4g} ns", target->value);
    case Target::Of::kGigabytesAtLeast:
      return fmt::format(">= {:.4g} GB/s", target->value);
  }
  return "-";
}

constexpr const char* kLine = "{:<18} {:<9} {:>9} {:>6} {:>8} {:>8} {:>8} {:>7}  {:<10} {:<7} {}";

}  // namespace

std::optional<bool> holds(const Row& row) {
  if (!row.target) return std::nullopt;
  const double value = row.target->value;
  switch (row.target->of) {
    case Target::Of::kRatioAtLeast:
      return row.ratio && *row.ratio >= value;
    case Target::Of::kRatioAtMost:
      return row.ratio && *row.ratio <= value;
    case Target::Of::kNanosecondsAtMost:
      return row.ns_per_parameter <= value;
    case Target::Of::kGigabytesAtLeast:
      return row.gb_s >= value;
  }
  return std::nullopt;
}

std::string to_json(const Row& row) {
  const std::optional<bool> verdict = holds(row);
  return fmt::format(
      "{{\"kernel\": \"{}\", \"isa\": \"{}\", \"d\": {}, \"voters\": {}, \"gb_s\": {:.5g}, "
      "\"ns_per_parameter\": {:.5g}, \"limit_gb_s\": {}, \"ratio\": {}, \"target\": {}, "
      "\"holds\": {}}}",
      row.kernel, row.isa, row.parameters, row.voters, row.gb_s, row.ns_per_parameter,
      json_number(row.limit_gb_s), json_number(row.ratio),
      row.target ? json_number(row.target->value) : "null",
      verdict ? (*verdict ? "true" : "false") : "null");
}

std::string header_line() {
  return fmt::format(kLine, "kernel", "isa", "d", "voters", "GB/s", "ns/param", "limit", "ratio",
                     "target", "verdict", "beside");
}

std::string to_line(const Row& row) {
  const std::optional<bool> verdict = holds(row);
  return fmt::format(kLine, row.kernel, row.isa, row.parameters, row.voters,
                     number_or_dash(row.gb_s), number_or_dash(row.ns_per_parameter),
                     number_or_dash(row.limit_gb_s), number_or_dash(row.ratio),
                     target_words(row.target), verdict ? (*verdict ? "holds" : "misses") : "stated",
                     row.beside);
}

}  // namespace psephos::bench
