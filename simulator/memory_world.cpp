#include "simulator/memory_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "coordinator/ledger/memory_ledger.h"
#include "runtime/base/check.h"

namespace psephos::simulator {
namespace {

constexpr std::size_t kWaitingEvaluations = 4;

}  // namespace

MemoryWorld::MemoryWorld(coordinator::CoordinatorOptions options, std::vector<ClientSetup> clients,
                         Links links, Faults faults, unsigned threads, Reports reports)
    : seed_(options.config.hyper.seed),
      links_(links),
      faults_(faults),
      reports_(std::move(reports)),
      pool_(threads) {
  coordinator::Outlet& outlet = *this;
  coordinator_ = std::make_unique<coordinator::Coordinator>(
      std::move(options), std::make_unique<coordinator::MemoryLedger>(), outlet);
  const auto slow =
      static_cast<std::size_t>(std::ceil(links_.slow_share * static_cast<double>(clients.size())));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Client client;
    client.setup = std::move(clients[i]);
    client.factor = i + slow >= clients.size() ? links_.slow_factor : 1;
    clients_.push_back(std::move(client));
    queue_.schedule(clients_[i].setup.joins_at, ClientStart{i});
  }
  tell_coordinator(coordinator::Started{});
}

MemoryWorld::~MemoryWorld() {
  // A job still running uses its client's worker.
  for (Client& client : clients_) {
    if (client.job.valid()) client.job.wait();
  }
  for (PendingEvaluation& pending : evaluations_) pending.result.wait();
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
  const auto it = client_of_.find(event.peer);
  if (it == client_of_.end()) return;  // that connection is gone
  step_client(it->second, client::FrameArrived{event.frame});
}

void MemoryWorld::happen(const JobDue& event) {
  Client& client = clients_[event.client];
  if (client.life != event.life) return;
  client::JobDone done = client.job.get();
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
  client.session = std::make_unique<client::Session>(client.setup.session);
  client.worker = client.setup.make_worker();
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
  if (reports_.client_stepped) reports_.client_stepped(i, *clients_[i].session);
  schedule_client_tick(i);
}

void MemoryWorld::perform(std::size_t i, const client::Action& action) {
  Client& client = clients_[i];
  if (const auto* frame = std::get_if<client::SendFrame>(&action)) {
    client_sends(i, frame->frame);
  } else if (const auto* start = std::get_if<client::StartJob>(&action)) {
    client::Worker* worker = client.worker.get();
    client.job = pool_.submit([worker, job = start->job] { return worker->perform(job); });
    const bool takes_time = std::holds_alternative<client::ComputeBallot>(start->job);
    const Duration duration = takes_time ? draw_delay(links_.compute, client.factor,
                                                      {seed_, static_cast<std::uint32_t>(i)},
                                                      Purpose::kComputeTime, client.draws++)
                                         : Duration{0};
    queue_.schedule(now_ + duration, JobDue{i, client.life});
  } else if (std::holds_alternative<client::Reconnect>(action)) {
    connect(i);
  } else if (const auto* said = std::get_if<client::Note>(&action)) {
    if (reports_.note && !said->routine) {
      reports_.note(fmt::format("{}: {}", client.setup.session.name, said->text));
    }
  } else if (const auto* end = std::get_if<client::End>(&action)) {
    if (end->ending == client::Ending::kFailed && failure_.empty()) {
      failure_ = fmt::format("{} gave up: {}", client.setup.session.name, end->text);
    }
    if (end->ending == client::Ending::kFailed && reports_.note) {
      reports_.note(fmt::format("{} gave up: {}", client.setup.session.name, end->text));
    }
  }
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
  if (!client.peer.empty()) client_of_.erase(client.peer);
  client.peer = fmt::format("{}#{}", i, client.connections++);
  client_of_[client.peer] = i;
}

// A crash: everything in memory is gone, and a new process starts.
void MemoryWorld::restart(std::size_t i) {
  Client& client = clients_[i];
  if (client.job.valid()) client.job.wait();
  client.job = {};
  ++client.life;
  client.tick_at = Instant::max();
  client_of_.erase(client.peer);
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
  const auto it = client_of_.find(peer);
  if (it == client_of_.end()) return;
  const std::size_t i = it->second;
  Client& client = clients_[i];
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
    evaluations_[evaluations_.size() - kWaitingEvaluations].result.wait();
  }
  PSEPHOS_CHECK(reports_.held_out, "an evaluation was asked for without a held-out set");
  evaluations_.push_back({round, pool_.submit([this, x] {
                            const std::lock_guard one_at_a_time(evaluation_mutex_);
                            return reports_.held_out(*x);
                          })});
}

// Hands the oldest evaluation to the coordinator, when it is done or `wait` says to wait for it.
bool MemoryWorld::collect_evaluation(bool wait) {
  if (evaluations_.empty()) return false;
  PendingEvaluation& first = evaluations_.front();
  const bool ready = first.result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  if (!ready && !wait) return false;
  const coordinator::HeldOutEvaluated done{first.round, first.result.get()};
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
