#include "simulator/memory_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "coordinator/ledger/memory_ledger.h"
#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"

namespace psephos::simulator {
namespace {

constexpr std::size_t kWaitingEvaluations = 4;

// Ballots go first: no round waits for an evaluation.
constexpr double kEvaluationCost = -1;

// Within an instant, frames are delivered before anybody waits for the end of a job: what arrived
// is counted while others still compute.
constexpr int kJobTurn = 1;

// Where a replica goes most clients go together, and all but the first take over what that one
// worked out: not worth handing over.
bool quickly_done(const client::Job& job) {
  return std::visit(Overloaded{
                        [](const client::Prepare&) { return true; },
                        [](const client::ComputeBallot&) { return false; },
                        [](const client::ApplyDecisions&) { return true; },
                        [](const client::LoadChunk&) { return true; },
                        [](const client::Evaluate&) { return false; },
                        [](const client::SaveState&) { return true; },
                    },
                    job);
}

}  // namespace

MemoryWorld::MemoryWorld(coordinator::CoordinatorOptions options, Crowd crowd, Links links,
                         Faults faults, unsigned threads, Reports reports)
    : seed_(options.config.hyper.seed),
      links_(links),
      faults_(faults),
      reports_(std::move(reports)),
      crowd_(std::move(crowd)),
      clients_(crowd_.size),
      scratch_(threads),
      pool_(threads) {
  coordinator::Outlet& outlet = *this;
  coordinator_ = std::make_unique<coordinator::Coordinator>(
      std::move(options), std::make_unique<coordinator::MemoryLedger>(), outlet);
  const auto slow =
      static_cast<std::size_t>(std::ceil(links_.slow_share * static_cast<double>(crowd_.size)));
  for (std::size_t i = 0; i < crowd_.size; ++i) {
    if (i + slow >= crowd_.size) clients_[i].factor = links_.slow_factor;
    queue_.schedule(crowd_.joins_at ? crowd_.joins_at(i) : Duration{0}, ClientStart{i});
  }
  tell_coordinator(coordinator::Started{});
}

void MemoryWorld::run() { run_until(Instant::max()); }

bool MemoryWorld::run_until(Instant limit) {
  while (!all_ended()) {
    if (reports_.interrupted && !stop_asked_ && reports_.interrupted()) {
      stop_asked_ = true;
      tell_coordinator(coordinator::StopAsked{});
    }
    if (collect_evaluation(false)) continue;
    // An evaluation ends within the virtual instant in which it was asked for.
    const bool time_would_pass = queue_.empty() || queue_.next_instant() > now_;
    if (time_would_pass && collect_evaluation(true)) continue;
    if (queue_.empty() || queue_.next_instant() > limit) return false;
    const WorldEvent event = queue_.pop(now_);
    std::visit([this](const auto& one) { happen(one); }, event);
  }
  return true;
}

// A client whose link lost the last frames would ask a coordinator that is gone for ever: it gets a
// minute.
bool MemoryWorld::all_ended() const {
  if (!coordinator_->ended()) return false;
  if (now_ - ended_at_ > std::chrono::minutes(1)) return true;
  return std::all_of(clients_.begin(), clients_.end(), [](const Client& client) {
    return !client.session || client.session->ended();
  });
}

// ---- events ------------------------------------------------------------------------------------

void MemoryWorld::happen(const ToCoordinator& event) {
  if (coordinator_->ended()) return;
  tell_coordinator(coordinator::FrameArrived{event.peer, "", event.frame});
}

void MemoryWorld::happen(const ToClient& event) {
  Client* client = client_at(event.peer);
  if (client == nullptr) return;  // that connection is gone
  step_client(static_cast<std::size_t>(client - clients_.data()),
              client::FrameArrived{event.frame});
}

void MemoryWorld::happen(const JobDue& event) {
  Client& client = clients_[event.client];
  if (client.life != event.life) return;
  pool_.wait(client.job->ticket);
  client::JobDone done = std::move(client.job->done);
  client.job.reset();
  if (const auto* ready = std::get_if<client::BallotReady>(&done)) {
    gradient_s_ += ready->ballot->gradient_s;
  }
  step_client(event.client, client::JobEnded{std::move(done)});
}

void MemoryWorld::happen(const ClientTick& event) {
  Client& client = clients_[event.client];
  if (client.life != event.life) return;
  client.tick_at = Instant::max();
  step_client(event.client, client::Tick{});
}

void MemoryWorld::happen(const ClientStart& event) {
  Client& client = clients_[event.client];
  client.session = std::make_unique<client::Session>(crowd_.session(event.client));
  client.worker = crowd_.worker(event.client, replicas_);
  connect(event.client);
  step_client(event.client, client::Started{});
}

void MemoryWorld::happen(const CoordinatorTick&) {
  coordinator_tick_at_ = Instant::max();
  if (!coordinator_->ended()) tell_coordinator(coordinator::Tick{});
}

// ---- clients -----------------------------------------------------------------------------------

void MemoryWorld::step_client(std::size_t i, const client::Event& event) {
  const std::uint32_t life = clients_[i].life;
  for (const client::Action& action : clients_[i].session->step(event, now_)) {
    perform(i, action);
    if (clients_[i].life != life) return;  // it died while it spoke
  }
  if (const auto done = std::exchange(clients_[i].done_at_once, nullptr)) {
    step_client(i, client::JobEnded{std::move(*done)});
    return;
  }
  if (reports_.client_stepped) reports_.client_stepped(i, *clients_[i].session);
  schedule_client_tick(i);
}

void MemoryWorld::perform(std::size_t i, const client::Action& action) {
  std::visit(Overloaded{
                 [&](const client::SendFrame& frame) { client_sends(i, frame.frame); },
                 [&](const client::StartJob& start) { start_job(i, start.job); },
                 [&](const client::Reconnect&) { connect(i); },
                 [&](const client::Note& said) {
                   if (said.routine) return;
                   note(fmt::format("{}: {}", crowd_.session(i).name, said.text));
                 },
                 [&](const client::End& end) {
                   if (end.ending != client::Ending::kFailed) return;
                   const std::string text =
                       fmt::format("{} gave up: {}", crowd_.session(i).name, end.text);
                   if (failure_.empty()) failure_ = text;
                   note(text);
                 },
             },
             action);
}

void MemoryWorld::start_job(std::size_t i, const client::Job& job) {
  Client& client = clients_[i];
  client::Worker* worker = client.worker.get();
  if (quickly_done(job)) {
    client.done_at_once = std::make_unique<client::JobDone>(worker->perform(job, scratch_[0]));
    return;
  }
  client.job = std::make_unique<RunningJob>();
  client::JobDone* done = &client.job->done;
  const bool ballot = std::holds_alternative<client::ComputeBallot>(job);
  const double cost = ballot ? static_cast<double>(worker->samples_per_ballot()) : 0;
  client.job->ticket = pool_.submit(cost, [this, worker, done, job](unsigned slot) {
    *done = worker->perform(job, scratch_[slot]);
  });
  Duration duration{0};
  if (ballot) {
    duration = draw_delay(links_.compute, client.factor, {seed_, static_cast<std::uint32_t>(i)},
                          Purpose::kComputeTime, client.draws++);
  }
  queue_.schedule(now_ + duration, JobDue{i, client.life}, kJobTurn);
}

void MemoryWorld::client_sends(std::size_t i, const Frame& frame) {
  Client& client = clients_[i];
  if (links_.drop > 0 && chance(i, links_.drop)) {
    const auto message = wire::read_client_frame(*frame, kMaxParameters);
    if (message && std::holds_alternative<wire::Ballot>(*message)) return;
  }
  const int copies = chance(i, faults_.lose_frame) ? 0 : chance(i, faults_.repeat_frame) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    Instant at =
        now_ + draw_delay(links_.latency, client.factor, {seed_, static_cast<std::uint32_t>(i)},
                          Purpose::kLatency, client.draws++);
    if (!faults_.reorder) client.last_up = at = std::max(at, client.last_up);
    queue_.schedule(at, ToCoordinator{i, client.peer, frame});
  }
  if (chance(i, faults_.reconnect)) connect(i);
  if (chance(i, faults_.restart)) restart(i);
}

void MemoryWorld::connect(std::size_t i) {
  Client& client = clients_[i];
  client.peer = fmt::format("{}#{}", i, client.connections++);
}

// The client whose connection in use is `peer`, or null.
MemoryWorld::Client* MemoryWorld::client_at(const std::string& peer) {
  std::size_t i = 0;
  std::from_chars(peer.data(), peer.data() + peer.size(), i);
  return i < clients_.size() && clients_[i].peer == peer ? &clients_[i] : nullptr;
}

// A crash: everything in memory is gone, and a new process starts.
void MemoryWorld::restart(std::size_t i) {
  Client& client = clients_[i];
  if (client.job) pool_.wait(client.job->ticket);
  client.job.reset();
  client.done_at_once.reset();
  ++client.life;
  client.tick_at = Instant::max();
  client.peer.clear();
  queue_.schedule(now_ + std::chrono::milliseconds(100), ClientStart{i});
}

void MemoryWorld::schedule_client_tick(std::size_t i) {
  Client& client = clients_[i];
  const Instant next = client.session->next_tick();
  if (next >= client.tick_at) return;
  client.tick_at = std::max(next, now_);
  queue_.schedule(client.tick_at, ClientTick{i, client.life});
}

bool MemoryWorld::chance(std::size_t client, double probability) {
  if (probability <= 0 || now_ >= faults_.until) return false;
  const std::uint32_t word = philox_word({seed_, static_cast<std::uint32_t>(client)}, 0,
                                         Purpose::kFault, clients_[client].draws++);
  return unit_interval(word) < probability;
}

// ---- the coordinator's outlet ------------------------------------------------------------------

void MemoryWorld::tell_coordinator(const coordinator::Event& event) {
  coordinator_->handle(event, now_);
  if (coordinator_->ended()) {
    ended_at_ = now_;
    return;
  }
  const Instant next = coordinator_->next_tick();
  if (next >= coordinator_tick_at_) return;
  coordinator_tick_at_ = std::max(next, now_);
  queue_.schedule(coordinator_tick_at_, CoordinatorTick{});
}

void MemoryWorld::send(const std::string& peer, const Frame& frame) {
  Client* found = client_at(peer);
  if (found == nullptr) return;
  Client& client = *found;
  const auto i = static_cast<std::size_t>(found - clients_.data());
  const int copies = chance(i, faults_.lose_frame) ? 0 : chance(i, faults_.repeat_frame) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    Instant at =
        now_ + draw_delay(links_.latency, client.factor, {seed_, static_cast<std::uint32_t>(i)},
                          Purpose::kLatency, client.draws++);
    if (!faults_.reorder) client.last_down = at = std::max(at, client.last_down);
    queue_.schedule(at, ToClient{peer, frame});
  }
}

void MemoryWorld::evaluate(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) {
  // Each holds a copy of the parameters: rounds wait for those that are too far behind.
  if (evaluations_.size() >= kWaitingEvaluations) {
    pool_.wait(evaluations_[evaluations_.size() - kWaitingEvaluations].ticket);
  }
  PSEPHOS_CHECK(reports_.held_out, "an evaluation was asked for without a held-out set");
  auto result = std::make_shared<EvaluationResult>();
  auto ticket = pool_.submit(kEvaluationCost, [this, x, result](unsigned) {
    const std::lock_guard one_at_a_time(evaluation_mutex_);
    *result = reports_.held_out(*x);
  });
  evaluations_.push_back({round, std::move(ticket), std::move(result)});
}

// Hands the oldest evaluation to the coordinator, when it is done or `wait` says to wait for it.
bool MemoryWorld::collect_evaluation(bool wait) {
  if (evaluations_.empty()) return false;
  PendingEvaluation& first = evaluations_.front();
  if (!wait && !pool_.done(first.ticket)) return false;
  pool_.wait(first.ticket);
  const coordinator::HeldOutEvaluated done{first.round, *first.result};
  evaluations_.pop_front();
  tell_coordinator(done);
  return true;
}

void MemoryWorld::round_finished(const RoundRow& row) {
  if (reports_.round_finished) reports_.round_finished(row);
}

void MemoryWorld::evaluation_known(const EvaluationRow& row) {
  if (reports_.evaluation_known) reports_.evaluation_known(row);
}

void MemoryWorld::note(const std::string& text) {
  if (reports_.note) reports_.note(text);
}

}  // namespace psephos::simulator
