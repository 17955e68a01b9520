// The clients' processes: sessions, jobs, clocks and the states they keep.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/overloaded.h"
#include "simulator/proving/pull.h"
#include "simulator/proving/world.h"

namespace psephos::proving {
namespace {

// Gradients: a few milliseconds, seldom ten times as many.
constexpr std::uint32_t kComputeMs = 20;
constexpr Duration kStragglers = std::chrono::seconds(1);

// What a job tells a client's rules of its ballot.
std::optional<client::Fate> fate_in(const client::Job& job) {
  if (const auto* apply = std::get_if<client::ApplyDecisions>(&job)) return apply->fate;
  if (const auto* load = std::get_if<client::LoadChunk>(&job)) return load->fate;
  return std::nullopt;
}

}  // namespace

Status World::Memory::keep(const client::ClientState& state) {
  if (fails()) return Error{"no space left on device"};
  bytes_ = client::encode_state(state);
  return Ok{};
}

std::shared_ptr<const client::RunState> World::Memory::kept() const {
  if (bytes_.empty()) return nullptr;
  auto state = client::decode_state(bytes_);
  if (!state) throw Violation("a kept state cannot be read: " + state.error().text);
  if (!state->run) return nullptr;
  return std::make_shared<const client::RunState>(std::move(*state->run));
}

client::SessionOptions World::session_options(std::size_t i) const {
  client::SessionOptions options;
  options.name = fmt::format("client-{}", i);
  options.run = kRun;
  options.samples = 1;
  options.key = {seed_, static_cast<std::uint32_t>(i)};
  options.restored = processes_[i].memory.kept();
  options.save_every.rounds = plan_.save_every;
  return options;
}

std::string World::identity(std::size_t i) const {
  return plan_.keyed ? processes_[i].key : fmt::format("client-{}", i);
}

void World::happen(const ClientStart& event) {
  Process& process = processes_[event.client];
  if (process.life != event.life || process.done) return;
  ++client_starts_;
  trace(fmt::format("client {} starts", event.client));
  record(3 + event.client);
  const client::SessionOptions options = session_options(event.client);
  if (options.restored && options.restored->standing.ballot) {
    process.voted = options.restored->standing.round;
  }
  process.session = std::make_unique<client::Session>(options);
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
  std::visit(
      Overloaded{
          [&](const client::SendFrame& frame) { client_sends(i, frame.frame); },
          [&](const client::StartJob& start) { start_job(i, start.job); },
          [&](const client::Reconnect&) { connect(i); },
          [&](const client::Note& said) { trace(fmt::format("client {}: {}", i, said.text)); },
          [&](const client::End& end) { client_ends(i, end); },
      },
      action);
}

void World::start_job(std::size_t i, const client::Job& job) {
  Process& process = processes_[i];
  // In a world where names are all there is, somebody else may have voted in this one's.
  if (!process.liar && names_tell_apart()) {
    // A ballot that went with an earlier life, and is in no state, may count, and nobody can tell
    // this one. Where ballots may be late, its own may follow the decision that counts that one.
    const bool late = plan_.config.hyper.staleness > 0;
    const auto fate = fate_in(job);
    if (fate && (fate->counted || (process.voted == fate->round && !late))) {
      truth_.settled(identity(i), fate->round, fate->counted);
    }
  }
  process.job = job;
  const bool ballot = std::holds_alternative<client::ComputeBallot>(job);
  const std::uint32_t ms =
      !ballot ? 0 : luck_.between(1, luck_.chance(0.1) ? 10 * kComputeMs : kComputeMs);
  queue_.schedule(now_ + std::chrono::milliseconds(ms), JobDue{i, process.life});
}

void World::client_ends(std::size_t i, const client::End& end) {
  Process& process = processes_[i];
  if (end.ending == client::Ending::kFinished) {
    if (process.session->fingerprint() != truth_.fingerprint()) {
      throw Violation(fmt::format("client {} ends with another model", i));
    }
    process.done = true;
    client_dies(i, Duration::max());
    return;
  }
  // What arrives right after healing was sent, and damaged, before.
  if (healed_ && now_ > plan_.heal_at + kStragglers && !process.liar)
    throw Violation(fmt::format("client {} gives up: {}", i, end.text));
  client_dies(i, std::chrono::milliseconds(luck_.between(10, 2000)));
}

// The process ends; another one starts after `away`.
void World::client_dies(std::size_t i, Duration away) {
  Process& process = processes_[i];
  trace(fmt::format("client {} {}", i, process.done ? "is done" : "dies"));
  ++process.life;
  process.voted.reset();
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
  client::JobDone done = process.worker->perform(job, scratch_);
  if (const auto* prepared = std::get_if<client::Prepared>(&done); prepared && prepared->restored) {
    const client::RunState& kept = *std::get<client::Prepare>(job).restored;
    if (client::encode_state(process.worker->snapshot(kept.standing)) !=
        client::encode_state({session_options(event.client).key, kept})) {
      throw Violation(fmt::format("client {} comes back otherwise than it was", event.client));
    }
  }
  step_client(event.client, client::JobEnded{std::move(done)});
}

void World::happen(const ClientTick& event) {
  Process& process = processes_[event.client];
  if (process.life != event.life) return;
  process.tick_at = Instant::max();
  process.clock += leap();
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

}  // namespace psephos::proving
