// Between the processes: frames that are lost, late, twice, damaged, forged and lied.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/wire/describe.h"
#include "simulator/proving/lies.h"
#include "simulator/proving/world.h"

namespace psephos::proving {
namespace {

bool is_join(std::span<const std::uint8_t> frame) {
  const auto message = wire::read_client_frame(frame, kMaxParameters);
  return message && std::holds_alternative<wire::Join>(*message);
}

}  // namespace

void World::client_sends(std::size_t i, const Frame& frame) {
  const auto message = wire::read_client_frame(*frame, parameter_count(tensors_));
  if (!message) throw Violation(fmt::format("client {} says what nobody can read", i));
  if (const auto* ballot = std::get_if<wire::Ballot>(&*message)) {
    // Where every state is kept, a crash loses no ballot.
    processes_[i].voted = ballot->round;
    const bool all_kept = plan_.save_every == 1 && plan_.faults.state_fails == 0;
    truth_.voted(i, all_kept ? 0 : processes_[i].life, processes_[i].session->fingerprint(),
                 *ballot);
  }
  // As after a coordinator's start: the connection came back, and nobody was told.
  if (!processes_[i].connected && luck_.chance(0.5)) connect(i);
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
    Frame sent = damage ? damaged(frame, luck_) : frame;
    queue_.schedule(arrival(), ToCoordinator{peer, key, std::move(sent), coordinator_life_});
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
  known.scales = truth_.scales();
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
  if (luck_.chance(0.2)) ++strangers_;
  const Frame said = luck_.chance(0.5) ? seen : damaged(seen, luck_);
  carry_up(fmt::format("stranger-{}", strangers_), "", said);
}

void World::happen(const ToCoordinator& event) {
  if (!coordinator_ || event.coordinator_life != coordinator_life_) return;
  record(1000, *event.frame);
  speaker_ = event.key;
  heard_ = event.frame;
  if (trace_) {
    trace(fmt::format("{} -> {}", event.peer,
                      wire::describe_client_frame(*event.frame, parameter_count(tensors_))));
  }
  tell_coordinator(coordinator::FrameArrived{event.peer, event.key, event.frame});
}

void World::happen(const ToClient& event) {
  Process& process = processes_[event.client];
  if (!process.session || process.connection != event.connection) return;
  record(2000 + event.client, *event.frame);
  if (trace_) {
    trace(fmt::format("{} <- {}", process.peer,
                      wire::describe_coordinator_frame(*event.frame, kMaxParameters)));
  }
  if (process.liar) {
    const auto message = wire::read_coordinator_frame(*event.frame, kMaxParameters);
    if (message && std::holds_alternative<wire::Welcome>(*message)) {
      process.session_seen = std::get<wire::Welcome>(*message).session;
    }
  }
  step_client(event.client, client::FrameArrived{event.frame});
}

}  // namespace psephos::proving
