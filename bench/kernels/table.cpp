#include "bench/kernels/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <span>
#include <utility>

#include "bench/kernels/timing.h"

namespace psephos::bench {
namespace {

constexpr int kRepeats = 9;
constexpr int kQuickRepeats = 3;

}  // namespace

Table::Table(TableOptions options) : options_(std::move(options)) {
  if (!options_.json) fmt::print("{}\n", header_line());
}

bool Table::wants(std::string_view kernel) const { return options_.only.empty() || named(kernel); }

bool Table::named(std::string_view kernel) const {
  return std::ranges::find(options_.only, kernel) != options_.only.end();
}

std::vector<std::size_t> Table::sizes() const {
  if (quick()) return {kInCache, kMillion};
  return {kInCache, kMillion, kLarge};
}

int Table::repeats() const { return quick() ? kQuickRepeats : kRepeats; }

void Table::time(Case one) {
  if (!wants(one.kernel)) return;
  std::vector<std::function<void()>> contestants = std::move(one.limits);
  contestants.push_back(std::move(one.run));
  const std::vector<Times> times = time_in_turn(contestants, repeats());
  const double own = times.back().median;
  Row row;
  row.kernel = std::move(one.kernel);
  row.isa = std::move(one.isa);
  row.parameters = one.parameters;
  row.voters = one.voters;
  row.gb_s = one.bytes / own * 1e-9;
  row.ns_per_parameter = own * 1e9 / static_cast<double>(one.parameters);
  if (times.size() > 1) {
    double limit = std::numeric_limits<double>::infinity();
    for (const Times& of : std::span(times).first(times.size() - 1)) {
      limit = std::min(limit, one.pure_read ? of.least : of.median);
    }
    row.limit_gb_s = one.bytes / limit * 1e-9;
    row.ratio = limit / own;
  }
  row.target = one.target;
  row.beside = std::move(one.beside);
  add(row);
}

void Table::add(const Row& row) {
  if (!wants(row.kernel)) return;
  all_hold_ = all_hold_ && holds(row).value_or(true);
  fmt::print("{}\n", options_.json ? to_json(row) : to_line(row));
  std::fflush(stdout);
}

void Table::skip(std::string_view kernel, std::string_view why) {
  all_hold_ = false;
  fmt::print(stderr, "psephos-bench: {}: no figure: {}\n", kernel, why);
}

std::vector<std::function<void()>> fastest_limits(
    const std::function<void(const Limits&)>& use_limit) {
  const std::span<const Limits* const> runnable = limits::runnable_limits();
  std::vector<std::function<void()>> contestants;
  for (const Limits* one : runnable.size() > 1 ? runnable.subspan(1) : runnable) {
    contestants.emplace_back([one, use_limit] { use_limit(*one); });
  }
  return contestants;
}

std::size_t last_cache_bytes() {
  std::size_t largest = 0;
  for (int index = 0;; ++index) {
    const auto path =
        fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/size", index);  // "491520K"
    std::ifstream file(path);
    std::size_t kibibytes = 0;
    if (!(file >> kibibytes)) return largest;
    largest = std::max(largest, kibibytes * 1024);
  }
}

}  // namespace psephos::bench
