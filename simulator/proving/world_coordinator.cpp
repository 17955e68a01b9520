// The coordinator's process: its life, its ledger, and what it sends.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/ledger/memory_ledger.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "runtime/base/check.h"
#include "simulator/proving/world.h"

namespace psephos::proving {
namespace {

constexpr const char* kLedgerFile = "ledger";
constexpr Duration kStartTakes = std::chrono::milliseconds(200);

// The process dies here: thrown out of the coordinator, and caught by the world.
struct CoordinatorDied {};

}  // namespace

// Between coordinator and ledger: tells the truth-keeper what is decided before the ledger gets
// it, and that it is committed after; the process may die on either side.
class World::WatchedLedger : public coordinator::Ledger {
 public:
  WatchedLedger(World& world, std::shared_ptr<coordinator::Ledger> inner)
      : world_(world), inner_(std::move(inner)) {}

  const coordinator::RunRecord* run() const override { return inner_->run(); }
  Status begin(const coordinator::RunRecord& run, coordinator::CheckpointRef x_0) override {
    world_.coordinator_may_die();
    Status done = inner_->begin(run, std::move(x_0));
    world_.coordinator_may_die();
    return done;
  }
  Status grow(std::uint32_t rounds) override { return inner_->grow(rounds); }
  std::uint32_t epoch() const override { return inner_->epoch(); }
  Status begin_epoch(const coordinator::EpochRecord& record) override {
    world_.coordinator_may_die();
    Status done = inner_->begin_epoch(record);
    if (!done) return done;
    world_.coordinator_may_die();
    world_.truth_.epoch_began(record.epoch);
    return done;
  }
  Status commit(coordinator::DecisionRef record, const coordinator::Membership& membership,
                coordinator::CountsRef counts) override {
    world_.truth_.decided(*record, counts);
    world_.coordinator_may_die();
    if (world_.faults_.forgets) {
      world_.before_ = std::make_shared<coordinator::MemoryLedger>(*world_.memory_);
    }
    Status done = inner_->commit(record, membership, std::move(counts));
    if (!done) return done;
    world_.coordinator_may_die();
    world_.truth_.committed();
    if (world_.trace_)
      world_.trace(fmt::format("round {} decided by {}", record->round, record->voters));
    return done;
  }
  Status add_checkpoint(coordinator::CheckpointRef checkpoint) override {
    world_.truth_.checkpointed(*checkpoint);
    world_.coordinator_may_die();
    Status done = inner_->add_checkpoint(std::move(checkpoint));
    world_.coordinator_may_die();
    return done;
  }
  coordinator::DecisionRef decision(std::uint32_t round) const override {
    return inner_->decision(round);
  }
  Result<coordinator::CountsRef> counts(std::uint32_t round) override {
    return inner_->counts(round);
  }
  Result<bool> is_counted(const std::string& identity, std::uint32_t round,
                          std::uint32_t staleness) override {
    return inner_->is_counted(identity, round, staleness);
  }
  std::uint32_t rounds() const override { return inner_->rounds(); }
  coordinator::CheckpointRef newest_checkpoint() const override {
    return inner_->newest_checkpoint();
  }
  coordinator::CheckpointRef checkpoint(std::uint32_t round) const override {
    return inner_->checkpoint(round);
  }

 private:
  World& world_;
  std::shared_ptr<coordinator::Ledger> inner_;
};

// Null where the disk would not let it be opened.
std::shared_ptr<coordinator::Ledger> World::open_ledger() {
  if (faults_.sqlite) {
    auto opened = coordinator::SqliteLedger::open(kLedgerFile, vfs_.name());
    if (!opened) {
      ledger_failed("cannot be opened: " + opened.error().text);
    } else if (!disk_.dead()) {
      return std::shared_ptr<coordinator::Ledger>(std::move(*opened));
    }
    return nullptr;
  }
  if (!memory_) memory_ = std::make_shared<coordinator::MemoryLedger>();
  return memory_;
}

// While faults strike, somebody tries again. In a healed world a ledger works, or a disk that lied
// has damaged it for good: found out, and the end.
void World::ledger_failed(const std::string& how) {
  trace("the ledger " + how);
  if (!healed_) return;
  if (!disk_.lied()) throw Violation("in a healed world the ledger " + how);
  refused_ = true;
}

// A bit of what is stored has turned since it was written.
void World::turn_a_bit() {
  const std::string name = std::string(kLedgerFile) + (luck_.chance(0.5) ? "" : "-wal");
  if (!disk_.exists(name) || disk_.size(name) == 0) return;
  disk_.flip(name, luck_.below(static_cast<std::uint32_t>(8 * disk_.size(name))));
}

// What is in it is what was decided, for whoever opens it next.
void World::check_ledger() {
  {
    const std::shared_ptr<coordinator::Ledger> ledger = open_ledger();
    if (!ledger) return;
    truth_.restarted(*ledger, disk_.lied());
  }
  if (disk_.lied()) return;
  auto file =
      coordinator::LedgerFile::open(kLedgerFile, coordinator::LedgerFile::Use::kLook, vfs_.name());
  if (!file) throw Violation("the ledger cannot be looked at: " + file.error().text);
  if (file->rounds() != plan_.config.hyper.rounds) throw Violation("the ledger lacks rounds");
  if (const auto fault = coordinator::verify(*file).fault) throw Violation(fault->text);
}

void World::start_coordinator() {
  disk_.revive();
  if (luck_.chance(faults_.flip)) turn_a_bit();
  const std::shared_ptr<coordinator::Ledger> ledger = open_ledger();
  if (!ledger) {
    queue_.schedule(now_ + kStartTakes, CoordinatorStart{});  // somebody tries again
    return;
  }
  ++coordinator_life_;
  told_.reset();
  trace(fmt::format("the coordinator starts at round {}", ledger->rounds()));
  truth_.restarted(*ledger, disk_.lied());
  coordinator::CoordinatorOptions options;
  options.config = plan_.config;
  options.tensors = tensors_;
  options.run = kRun;
  options.session = session_ = luck_.wide();
  options.held_out = false;
  options.durable = true;
  coordinator::Outlet& outlet = *this;
  try {
    coordinator_ = std::make_unique<coordinator::Coordinator>(
        std::move(options), std::make_unique<WatchedLedger>(*this, ledger), outlet, hands());
  } catch (const CoordinatorDied&) {
    coordinator_dies();
    return;
  } catch (const coordinator::LedgerFailed& error) {
    ledger_failed(fmt::format("does not do: {}", error.what()));
    coordinator_dies();
    return;
  }
  // libzmq connects again by itself, under a session that knows nothing of it.
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (processes_[i].session && luck_.chance(0.5)) connect(i);
  }
  tell_coordinator(coordinator::Started{});
}

void World::tell_coordinator(const coordinator::Event& event) {
  lead([&](Instant now) { coordinator_->handle(event, now); });
}

void World::lead(const std::function<void(Instant)>& step) {
  try {
    step(now_ + coordinator_clock_);
  } catch (const CoordinatorDied&) {
    coordinator_dies();
    return;
  } catch (const coordinator::LedgerFailed& error) {  // the coordinator stops
    ledger_failed(fmt::format("cannot be written: {}", error.what()));
    coordinator_dies();
    return;
  }
  if (coordinator_->ended()) {
    finished_ = coordinator_->ended_because() == "finished";
    coordinator_.reset();
    // For those who have not heard of the end.
    if (!all_done()) queue_.schedule(now_ + kStartTakes, CoordinatorStart{});
    return;
  }
  schedule_coordinator_tick();
}

void World::coordinator_may_die() {
  if (disk_.dead() || luck_.chance(faults_.crash_coordinator)) throw CoordinatorDied{};
}

void World::coordinator_dies() {
  trace("the coordinator dies");
  disk_.crash(luck_.chance(faults_.disk.power_cut) ? Crash::kPower : Crash::kProcess);
  coordinator_.reset();
  truth_.tally_lost();
  if (faults_.forgets && before_) memory_ = before_;
  for (Process& process : processes_) process.connected = false;
  const Duration away = std::chrono::milliseconds(luck_.between(10, 3000));
  queue_.schedule(now_ + away, CoordinatorStart{});
}

void World::schedule_coordinator_tick() {
  const Instant next = std::max(now_, coordinator_->next_tick() - coordinator_clock_);
  if (next >= coordinator_tick_at_) return;
  coordinator_tick_at_ = next;
  queue_.schedule(next, CoordinatorTick{coordinator_life_});
}

void World::happen(const CoordinatorStart&) {
  record(1);
  coordinator_tick_at_ = Instant::max();
  start_coordinator();
}

void World::happen(const CoordinatorTick& event) {
  if (!coordinator_ || event.life != coordinator_life_) return;
  coordinator_tick_at_ = Instant::max();
  coordinator_clock_ += leap();
  record(2);
  tell_coordinator(coordinator::Tick{});
}

void World::happen(const AnswerDue& event) {
  if (!coordinator_ || event.life != coordinator_life_) return;
  record(3000);
  lead([this](Instant now) { coordinator_->collect(now); });
}

void World::happen(const CoordinatorStop& event) {
  if (!coordinator_ || event.life != coordinator_life_) return;
  record(3001);
  trace("somebody asks the coordinator to stop");
  tell_coordinator(coordinator::StopAsked{});
}

void World::send(const std::string& peer, const Frame& frame) {
  coordinator_may_die();
  if (frame != told_) truth_.told(*frame);  // a broadcast tells many the same
  told_ = frame;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (processes_[i].peer != peer) continue;
    check_slot(i, *frame);
    if (processes_[i].connected) carry_down(i, frame);
  }
  coordinator_may_die();
}

// Where clients have names and no keys, a liar may have joined in another's name.
void World::check_slot(std::size_t i, std::span<const std::uint8_t> frame) {
  if (!names_tell_apart()) return;
  const auto message = wire::read_coordinator_frame(frame, kMaxParameters);
  if (!message) return;
  if (const auto* welcome = std::get_if<wire::Welcome>(&*message)) {
    truth_.numbered(identity(i), welcome->slot);
  }
}

void World::evaluate(std::uint32_t, std::shared_ptr<const AlignedVector<float>>) {
  PSEPHOS_CHECK(false, "there is no held-out set");
}

void World::ballot_counted(const coordinator::CountedBallot& ballot, const HeldSigns& signs,
                           std::span<const float> scales) {
  if (plan_.keyed && ballot.identity != speaker_) {
    throw Violation(
        fmt::format("a ballot of {} is counted as one of {}", speaker_, ballot.identity));
  }
  const auto message = wire::read_client_frame(*heard_, parameter_count(tensors_));
  if (std::get<wire::Ballot>(*message).session != session_) {
    throw Violation(
        fmt::format("a ballot of another session is counted in round {}", ballot.round));
  }
  truth_.counted(ballot, signs.view, scales);
}

}  // namespace psephos::proving
