#include "simulator/proving/world.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "coordinator/ledger/memory_ledger.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "runtime/base/check.h"
#include "runtime/replica/initial_parameters.h"
#include "simulator/proving/lies.h"
#include "simulator/proving/pull.h"

namespace psephos::proving {
namespace {

constexpr std::uint64_t kRun = 0x70736570686f73;
constexpr std::uint32_t kWorldStream = 2;
constexpr std::uint32_t kDiskStream = 3;
constexpr const char* kLedgerFile = "ledger";

// A healed world must come to the end within this; the longest back-off of a client is 30 s.
constexpr Duration kPatience = std::chrono::minutes(15);
constexpr Duration kStartTakes = std::chrono::milliseconds(200);
// Gradients: a few milliseconds, seldom ten times as many.
constexpr std::uint32_t kComputeMs = 20;
constexpr Duration kLongestLeap = std::chrono::minutes(10);

// The process dies here: thrown out of the coordinator, and caught by the world.
struct CoordinatorDied {};

// For the trace: which message, and of which round.
struct Describe {
  std::string operator()(const wire::Join& m) const {
    return fmt::format("Join with round {}", static_cast<std::int32_t>(m.have_round));
  }
  std::string operator()(const wire::Ballot& m) const { return fmt::format("Ballot {}", m.round); }
  std::string operator()(const wire::CatchUp& m) const {
    return fmt::format("CatchUp from {}", static_cast<std::int32_t>(m.have_round));
  }
  std::string operator()(const wire::Evaluation&) const { return "Evaluation"; }
  std::string operator()(const wire::Heartbeat&) const { return "Heartbeat"; }
  std::string operator()(const wire::Leave&) const { return "Leave"; }
  std::string operator()(const wire::Welcome& m) const {
    return fmt::format("Welcome to round {}{}", m.round, m.vote ? ", vote" : "");
  }
  std::string operator()(const wire::Decision& m) const {
    return fmt::format("Decision {}{}", m.round, m.vote ? ", vote" : "");
  }
  std::string operator()(const wire::Past& m) const {
    return m.chunk ? fmt::format("chunk of checkpoint {}", m.chunk->round)
                   : fmt::format("decisions from {}", m.decisions.front().round);
  }
  std::string operator()(const wire::Call& m) const { return fmt::format("Call {}", m.round); }
  std::string operator()(const wire::Finished&) const { return "Finished"; }
  std::string operator()(const wire::Refusal& m) const {
    return fmt::format("Refusal {}", wire::refusal_word(m.code));
  }
};

bool is_join(std::span<const std::uint8_t> frame) {
  const auto message = wire::read_client_frame(frame, kMaxParameters);
  return message && std::holds_alternative<wire::Join>(*message);
}

template <class Message>
std::string describe(const Result<Message>& message) {
  return message ? std::visit(Describe{}, *message) : "nonsense";
}

AlignedVector<float> initial(const TensorTable& tensors, std::uint32_t seed) {
  AlignedVector<float> x(parameter_count(tensors));
  fill_initial_parameters(tensors, seed, x);
  return x;
}

}  // namespace

// Between coordinator and ledger: tells the truth-keeper what is decided before the ledger gets
// it, and that it is committed after; the process may die on either side.
class World::WatchedLedger : public coordinator::Ledger {
 public:
  WatchedLedger(World& world, std::shared_ptr<coordinator::Ledger> inner)
      : world_(world), inner_(std::move(inner)) {}

  const coordinator::RunRecord* run() const override { return inner_->run(); }
  Status begin(const coordinator::RunRecord& run, coordinator::CheckpointRef x_0) override {
    return inner_->begin(run, std::move(x_0));
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
  Status commit(coordinator::DecisionRef record,
                const coordinator::Membership& membership) override {
    world_.truth_.decided(*record);
    world_.coordinator_may_die();
    if (world_.faults_.forgets) {
      world_.before_ = std::make_shared<coordinator::MemoryLedger>(*world_.memory_);
    }
    Status done = inner_->commit(record, membership);
    if (!done) return done;
    world_.coordinator_may_die();
    world_.truth_.committed();
    if (world_.trace_)
      world_.trace(fmt::format("round {} decided by {}", record->round, record->voters));
    return done;
  }
  Status add_checkpoint(coordinator::CheckpointRef checkpoint) override {
    return inner_->add_checkpoint(std::move(checkpoint));
  }
  coordinator::DecisionRef decision(std::uint32_t round) const override {
    return inner_->decision(round);
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

std::shared_ptr<const client::RunState> World::Memory::kept() const {
  if (bytes_.empty()) return nullptr;
  auto state = client::decode_state(bytes_);
  if (!state) throw Violation("a kept state cannot be read: " + state.error().text);
  if (!state->run) return nullptr;
  return std::make_shared<const client::RunState>(std::move(*state->run));
}

World::World(const Plan& plan, std::uint32_t seed, std::uint32_t parameters,
             std::function<void(const std::string&)> trace)
    : trace_(std::move(trace)),
      plan_(plan),
      faults_(plan.faults),
      seed_(seed),
      tensors_(pull_tensors(parameters)),
      luck_(seed, kWorldStream),
      truth_(plan.config, initial(tensors_, seed)),
      disk_(Luck(seed, kDiskStream)),
      vfs_(disk_),
      processes_(plan.clients) {
  disk_.set_faults(faults_.disk);
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    processes_[i].liar = i < faults_.liars;
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

void World::check_end() const {
  if (truth_.rounds() != plan_.config.hyper.rounds) {
    throw Violation(fmt::format("the run ended after {} of {} rounds", truth_.rounds(),
                                plan_.config.hyper.rounds));
  }
}

// ---- the coordinator's process ------------------------------------------------------------------

// Null where the disk would not let it be opened.
std::shared_ptr<coordinator::Ledger> World::open_ledger() {
  if (faults_.sqlite) {
    auto opened = coordinator::SqliteLedger::open(kLedgerFile, vfs_.name());
    if (opened) return std::shared_ptr<coordinator::Ledger>(std::move(*opened));
    trace("the ledger cannot be opened: " + opened.error().text);
    refused_ = disk_.lied();
    if (healed_ && !refused_)
      throw Violation("the ledger cannot be opened: " + opened.error().text);
    return nullptr;
  }
  if (!memory_) memory_ = std::make_shared<coordinator::MemoryLedger>();
  return memory_;
}

void World::start_coordinator() {
  disk_.revive();
  const std::shared_ptr<coordinator::Ledger> ledger = open_ledger();
  if (!ledger) {
    queue_.schedule(now_ + kStartTakes, CoordinatorStart{});  // somebody tries again
    return;
  }
  ++coordinator_life_;
  trace(fmt::format("the coordinator starts at round {}", ledger->rounds()));
  truth_.restarted(*ledger, disk_.lied());
  coordinator::CoordinatorOptions options;
  options.config = plan_.config;
  options.tensors = tensors_;
  options.run = kRun;
  options.session = session_ = (std::uint64_t{luck_.word()} << 32) | luck_.word();
  options.held_out = false;
  coordinator::Outlet& outlet = *this;
  try {
    coordinator_ = std::make_unique<coordinator::Coordinator>(
        std::move(options), std::make_unique<WatchedLedger>(*this, ledger), outlet);
  } catch (const Violation&) {
    throw;
  } catch (const coordinator::LedgerFailed& error) {
    if (healed_ && !disk_.lied()) throw Violation(fmt::format("no coordinator: {}", error.what()));
    coordinator_dies();
    return;
  }
  tell_coordinator(coordinator::Started{});
}

void World::tell_coordinator(const coordinator::Event& event) {
  try {
    coordinator_->handle(event, now_ + coordinator_clock_);
  } catch (const CoordinatorDied&) {
    coordinator_dies();
    return;
  } catch (const Violation&) {
    throw;
  } catch (const coordinator::LedgerFailed& error) {  // the ledger cannot be written: it stops
    trace(std::string("the coordinator stops: ") + error.what());
    if (healed_ && !disk_.lied()) throw Violation(fmt::format("no coordinator: {}", error.what()));
    refused_ = healed_;
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
  if (luck_.chance(faults_.crash_coordinator)) throw CoordinatorDied{};
}

void World::coordinator_dies() {
  trace("the coordinator dies");
  disk_.crash(luck_.chance(faults_.power_cut) ? Crash::kPower : Crash::kProcess);
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
  if (luck_.chance(faults_.leap)) {
    coordinator_clock_ += std::chrono::milliseconds(
        luck_.below(static_cast<std::uint32_t>(kLongestLeap / std::chrono::milliseconds(1))));
  }
  record(2);
  tell_coordinator(coordinator::Tick{});
}

void World::send(const std::string& peer, const Frame& frame) {
  coordinator_may_die();
  truth_.told(*frame);
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    if (processes_[i].connected && processes_[i].peer == peer) carry_down(i, frame);
  }
  coordinator_may_die();
}

void World::evaluate(std::uint32_t, std::shared_ptr<const AlignedVector<float>>) {
  PSEPHOS_CHECK(false, "there is no held-out set");
}

void World::ballot_counted(const coordinator::CountedBallot& ballot, const HeldSigns& signs) {
  if (plan_.keyed && ballot.identity != speaker_) {
    throw Violation(
        fmt::format("a ballot of {} is counted as one of {}", speaker_, ballot.identity));
  }
  const auto message = wire::read_client_frame(*heard_, parameter_count(tensors_));
  if (std::get<wire::Ballot>(*message).session != session_) {
    throw Violation(
        fmt::format("a ballot of another session is counted in round {}", ballot.round));
  }
  truth_.counted(ballot, signs.view);
}

// ---- the clients' processes ---------------------------------------------------------------------

client::SessionOptions World::session_options(std::size_t i) const {
  client::SessionOptions options;
  options.name = fmt::format("client-{}", i);
  options.run = kRun;
  options.samples = 1;
  options.key = {seed_, static_cast<std::uint32_t>(i)};
  options.restored = processes_[i].memory.kept();
  options.save_every = plan_.save_every;
  return options;
}

void World::happen(const ClientStart& event) {
  Process& process = processes_[event.client];
  if (process.life != event.life || process.done) return;
  ++client_starts_;
  trace(fmt::format("client {} starts", event.client));
  record(3 + event.client);
  process.session = std::make_unique<client::Session>(session_options(event.client));
  process.worker =
      std::make_unique<client::Worker>(pull(static_cast<std::uint32_t>(parameter_count(tensors_)),
                                            static_cast<std::uint32_t>(event.client)),
                                       PhiloxKey{seed_, static_cast<std::uint32_t>(event.client)});
  process.worker->keep_state_in(process.memory);
  connect(event.client);
  step_client(event.client, client::Started{});
}

void World::step_client(std::size_t i, const client::Event& event) {
  Process& process = processes_[i];
  const std::uint32_t life = process.life;
  for (const client::Action& action : process.session->step(event, now_ + process.clock)) {
    if (luck_.chance(faults_.crash_client)) {
      client_dies(i, std::chrono::milliseconds(luck_.between(10, 2000)));
    }
    if (process.life != life) return;
    perform(i, action);
    if (process.life != life) return;
  }
  if (const auto round = process.session->round()) {
    truth_.reported(i, *round, process.session->fingerprint());
  }
  schedule_client_tick(i);
}

void World::perform(std::size_t i, const client::Action& action) {
  Process& process = processes_[i];
  if (const auto* frame = std::get_if<client::SendFrame>(&action)) {
    client_sends(i, frame->frame);
  } else if (const auto* start = std::get_if<client::StartJob>(&action)) {
    process.job = start->job;
    const bool ballot = std::holds_alternative<client::ComputeBallot>(start->job);
    const std::uint32_t ms =
        !ballot ? 0 : luck_.between(1, luck_.chance(0.1) ? 10 * kComputeMs : kComputeMs);
    queue_.schedule(now_ + std::chrono::milliseconds(ms), JobDue{i, process.life});
  } else if (std::holds_alternative<client::Reconnect>(action)) {
    connect(i);
  } else if (const auto* said = std::get_if<client::Note>(&action)) {
    trace(fmt::format("client {}: {}", i, said->text));
  } else if (const auto* end = std::get_if<client::End>(&action)) {
    if (end->ending == client::Ending::kFinished) {
      if (process.session->fingerprint() != truth_.fingerprint()) {
        throw Violation(fmt::format("client {} ends with another model", i));
      }
      process.done = true;
      client_dies(i, Duration::max());
      return;
    }
    if (healed_ && !process.liar)
      throw Violation(fmt::format("client {} gives up: {}", i, end->text));
    client_dies(i, std::chrono::milliseconds(luck_.between(10, 2000)));
  }
}

// The process ends; another one starts after `away`.
void World::client_dies(std::size_t i, Duration away) {
  Process& process = processes_[i];
  trace(fmt::format("client {} {}", i, process.done ? "is done" : "dies"));
  ++process.life;
  ++process.connection;
  process.connected = false;
  process.session.reset();
  process.worker.reset();
  process.job.reset();
  process.tick_at = Instant::max();
  if (!process.done) queue_.schedule(now_ + away, ClientStart{i, process.life});
}

void World::happen(const JobDue& event) {
  Process& process = processes_[event.client];
  if (process.life != event.life) return;
  const client::Job job = std::move(*process.job);
  process.job.reset();
  step_client(event.client, client::JobEnded{process.worker->perform(job, scratch_)});
}

void World::happen(const ClientTick& event) {
  Process& process = processes_[event.client];
  if (process.life != event.life) return;
  process.tick_at = Instant::max();
  if (luck_.chance(faults_.leap)) {
    process.clock += std::chrono::milliseconds(
        luck_.below(static_cast<std::uint32_t>(kLongestLeap / std::chrono::milliseconds(1))));
  }
  if (luck_.chance(faults_.leave)) {
    record(100 + event.client);
    if (luck_.chance(0.5)) step_client(event.client, client::StopAsked{});
    if (process.life == event.life) {
      client_dies(event.client, std::chrono::milliseconds(luck_.between(100, 20'000)));
    }
    return;
  }
  step_client(event.client, client::Tick{});
}

void World::schedule_client_tick(std::size_t i) {
  Process& process = processes_[i];
  const Instant wanted = process.session->next_tick();
  if (wanted == Instant::max()) return;
  const Instant next = std::max(now_, wanted - process.clock);
  if (next >= process.tick_at) return;
  process.tick_at = next;
  queue_.schedule(next, ClientTick{i, process.life});
}

// A connection is made where somebody listens, or not at all.
void World::connect(std::size_t i) {
  Process& process = processes_[i];
  process.peer = fmt::format("{}#{}", i, ++process.connection);
  process.connected = coordinator_ != nullptr;
}

// ---- the network --------------------------------------------------------------------------------

void World::client_sends(std::size_t i, const Frame& frame) {
  const auto message = wire::read_client_frame(*frame, parameter_count(tensors_));
  if (!message) throw Violation(fmt::format("client {} says what nobody can read", i));
  if (const auto* ballot = std::get_if<wire::Ballot>(&*message)) {
    // Where every state is kept, a crash loses no ballot.
    truth_.voted(i, plan_.save_every == 1 ? 0 : processes_[i].life, *ballot);
  }
  carry_up(processes_[i].peer, processes_[i].key, processes_[i].connected ? frame : nullptr);
  if (processes_[i].liar && luck_.chance(faults_.lie)) lie(i);
  if (luck_.chance(faults_.forge) && !plan_.keyed) forge(frame);
  if (luck_.chance(faults_.break_connection)) processes_[i].connected = false;
}

void World::carry_up(const std::string& peer, const std::string& key, const Frame& frame) {
  if (!frame) return;
  for (int copy = copies(); copy > 0; --copy) {
    // A damaged Join may ask for another run, and be told for good that it is elsewhere.
    const bool damage = luck_.chance(faults_.damage) && !is_join(*frame);
    queue_.schedule(arrival(), ToCoordinator{peer, key, damage ? damaged(frame, luck_) : frame,
                                             coordinator_life_});
  }
}

void World::carry_down(std::size_t i, const Frame& frame) {
  for (int copy = copies(); copy > 0; --copy) {
    Frame sent = frame;
    if (luck_.chance(faults_.damage)) {
      // What the coordinator says is signed for by CURVE, or meant for the same machine: a changed
      // Welcome would be another run. Decisions prove themselves.
      const auto message = wire::read_coordinator_frame(*frame, kMaxParameters);
      const bool proves_itself = message && (std::holds_alternative<wire::Decision>(*message) ||
                                             std::holds_alternative<wire::Past>(*message));
      if (proves_itself) sent = damaged(frame, luck_);
    }
    queue_.schedule(arrival(), ToClient{i, processes_[i].connection, std::move(sent)});
  }
}

int World::copies() {
  if (luck_.chance(faults_.lose)) return 0;
  return luck_.chance(faults_.repeat) ? 2 : 1;
}

Instant World::arrival() {
  const Duration overtaken =
      luck_.chance(faults_.overtake) ? std::chrono::milliseconds(luck_.below(500)) : Duration{0};
  return now_ + faults_.latency + overtaken;
}

void World::lie(std::size_t i) {
  Process& process = processes_[i];
  Known known;
  known.session = process.session_seen;
  known.run = kRun;
  known.round = truth_.rounds();
  known.rounds = plan_.config.hyper.rounds;
  known.parameters = parameter_count(tensors_);
  known.name = fmt::format("client-{}", i);
  known.other =
      fmt::format("client-{}", luck_.below(static_cast<std::uint32_t>(processes_.size())));
  // libzmq keeps routing ids apart; the machine does not have to trust it where there are keys.
  if (plan_.keyed && luck_.chance(0.3)) {
    const std::size_t other = luck_.below(static_cast<std::uint32_t>(processes_.size()));
    carry_up(processes_[other].peer, process.key, false_ballot(known, luck_));
    return;
  }
  carry_up(process.peer, process.key, draw_lie(known, luck_));
}

// Somebody who has overheard a frame says it again, or something like it.
void World::forge(const Frame& seen) {
  carry_up(fmt::format("stranger-{}", luck_.chance(0.2) ? ++strangers_ : strangers_), "",
           luck_.chance(0.5) ? seen : damaged(seen, luck_));
}

void World::happen(const ToCoordinator& event) {
  if (!coordinator_ || event.coordinator_life != coordinator_life_) return;
  record(1000, *event.frame);
  speaker_ = event.key;
  heard_ = event.frame;
  if (trace_) {
    trace(fmt::format("{} -> {}", event.peer,
                      describe(wire::read_client_frame(*event.frame, parameter_count(tensors_)))));
  }
  tell_coordinator(coordinator::FrameArrived{event.peer, event.key, event.frame});
}

void World::happen(const ToClient& event) {
  Process& process = processes_[event.client];
  if (!process.session || process.connection != event.connection) return;
  record(2000 + event.client, *event.frame);
  if (trace_) {
    trace(fmt::format("{} <- {}", process.peer,
                      describe(wire::read_coordinator_frame(*event.frame, kMaxParameters))));
  }
  if (process.liar) {
    const auto message = wire::read_coordinator_frame(*event.frame, kMaxParameters);
    if (message && std::holds_alternative<wire::Welcome>(*message)) {
      process.session_seen = std::get<wire::Welcome>(*message).session;
    }
  }
  step_client(event.client, client::FrameArrived{event.frame});
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
