#include "simulator/proving/world.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/replica/initial_parameters.h"
#include "simulator/proving/pull.h"

namespace psephos::proving {
namespace {

constexpr std::uint32_t kWorldStream = 2;
constexpr std::uint32_t kDiskStream = 3;

// A healed world must come to the end within this; the longest back-off of a client is 30 s.
constexpr Duration kPatience = std::chrono::minutes(15);
constexpr std::uint32_t kLongestLeapMs = 600'000;

AlignedVector<float> initial(const TensorTable& tensors, std::uint32_t seed) {
  AlignedVector<float> x(parameter_count(tensors));
  fill_initial_parameters(tensors, seed, x);
  return x;
}

}  // namespace

World::World(const Plan& plan, std::uint32_t seed, std::uint32_t parameters,
             std::function<void(const std::string&)> trace)
    : trace_(std::move(trace)),
      plan_(plan),
      faults_(plan.faults),
      seed_(seed),
      tensors_(pull_tensors(parameters)),
      luck_(seed, kWorldStream),
      truth_(plan.config, tensors_, initial(tensors_, seed)),
      disk_(Luck(seed, kDiskStream)),
      vfs_(disk_),
      processes_(plan.clients) {
  const Hyperparameters& hyper = plan_.config.hyper;
  this->trace(fmt::format("--algorithm {} --ballot {} --decision {} --schedule {}",
                          to_string(hyper.worker), to_string(hyper.ballot),
                          to_string(plan_.config.decision), to_string(plan_.config.schedule)));
  disk_.set_faults(faults_.disk);
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    processes_[i].liar = i < faults_.liars;
    processes_[i].memory.fails = [this] { return luck_.chance(faults_.state_fails); };
    if (plan_.keyed) processes_[i].key = fmt::format("key-of-{}", i);
    const bool late = luck_.chance(faults_.late_joiners);
    queue_.schedule(std::chrono::milliseconds(late ? luck_.below(20'000) : luck_.below(100)),
                    ClientStart{i, 0});
  }
  queue_.schedule(Instant{0}, CoordinatorStart{});
}

World::~World() = default;

RunReport World::run() {
  while (!all_done() && !refused_) {
    heal_when_due();
    if (now_ > plan_.heal_at + kPatience)
      throw Violation("the healed world does not come to an end: " + whereabouts());
    PSEPHOS_CHECK(!queue_.empty(), "somebody always has a tick to come");
    const Happening event = queue_.pop(now_);
    std::visit([this](const auto& one) { happen(one); }, event);
  }
  if (!refused_) check_end();
  RunReport report;
  report.refused = refused_;
  report.history = history_;
  report.rounds = truth_.rounds();
  report.simulated = now_;
  report.coordinator_starts = coordinator_life_;
  report.client_starts = client_starts_;
  report.lines = truth_.lines();
  return report;
}

void World::heal_when_due() {
  const bool nearly_over = truth_.rounds() + 5 >= plan_.config.hyper.rounds;
  if (healed_ || (now_ < plan_.heal_at && !nearly_over)) return;
  healed_ = true;
  plan_.heal_at = now_;
  const bool sqlite = faults_.sqlite;
  faults_ = {};
  faults_.sqlite = sqlite;
  disk_.set_faults({});
  trace("the world heals");
}

bool World::all_done() const {
  return healed_ && finished_ &&
         std::ranges::all_of(processes_, [](const Process& one) { return one.done; });
}

// Who is where, for whoever has to find out why.
std::string World::whereabouts() const {
  std::string text = fmt::format("{} of {} rounds, coordinator {}", truth_.rounds(),
                                 plan_.config.hyper.rounds, coordinator_ ? "up" : "down");
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    const Process& process = processes_[i];
    text += fmt::format(", client {}{}: ", i, process.liar ? " (liar)" : "");
    if (process.done) {
      text += "done";
    } else if (!process.session) {
      text += "down";
    } else {
      const auto round = process.session->round();
      text += fmt::format("{}{}", round ? fmt::format("round {}", *round) : "no round",
                          process.connected ? "" : ", not connected");
    }
  }
  return text;
}

Duration World::leap() {
  if (!luck_.chance(faults_.leap)) return Duration{0};
  return std::chrono::milliseconds(luck_.below(kLongestLeapMs));
}

void World::check_end() {
  if (truth_.rounds() != plan_.config.hyper.rounds) {
    throw Violation(fmt::format("the run ended after {} of {} rounds", truth_.rounds(),
                                plan_.config.hyper.rounds));
  }
  if (faults_.sqlite) check_ledger();
}

void World::record(std::uint64_t what, std::span<const std::uint8_t> bytes) {
  const std::uint64_t head[] = {history_, what, static_cast<std::uint64_t>(now_.count())};
  history_ = XXH3_64bits_withSeed(bytes.data(), bytes.size(), XXH3_64bits(head, sizeof head));
}

void World::trace(const std::string& text) const {
  if (trace_)
    trace_(fmt::format("{:>10.3f} s  {}", static_cast<double>(now_.count()) * 1e-6, text));
}

}  // namespace psephos::proving
