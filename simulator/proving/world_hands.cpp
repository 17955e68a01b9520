// The coordinator's hands: a reader that takes its time, and a counter that answers late, loses
// what it holds, and now and then answers after it was given up.

#include <algorithm>
#include <utility>
#include <vector>

#include "coordinator/counting/cpu_counter.h"
#include "runtime/base/overloaded.h"
#include "simulator/proving/world.h"

namespace psephos::proving {
namespace {

constexpr std::uint32_t kLatestMs = 500;

}  // namespace

// When an answer comes: now or, with that probability, later, and the coordinator is told then.
Instant World::late(double probability) {
  if (!luck_.chance(probability)) return now_;
  const Instant due = now_ + std::chrono::milliseconds(luck_.between(1, kLatestMs));
  queue_.schedule(due, AnswerDue{coordinator_life_});
  return due;
}

class World::LateReader : public coordinator::BallotReader {
 public:
  explicit LateReader(World& world) : world_(world) {}

  void read(coordinator::ReadBallot task) override {
    const Instant due = world_.late(world_.faults_.read_delay);
    tasks_.push_back({due, std::move(task), world_.heard_, world_.speaker_});
  }

  std::optional<coordinator::BallotRead> take() override {
    const auto first =
        std::ranges::find_if(tasks_, [this](const Task& task) { return task.due <= world_.now_; });
    if (first == tasks_.end()) return std::nullopt;
    const Task task = std::move(*first);
    tasks_.erase(first);
    world_.heard_ = task.heard;
    world_.speaker_ = task.speaker;
    return coordinator::read_ballot(task.ballot);
  }

 private:
  struct Task {
    Instant due;
    coordinator::ReadBallot ballot;
    Frame heard;
    std::string speaker;
  };

  World& world_;
  std::vector<Task> tasks_;
};

class World::FailingCounter : public coordinator::VoteCounter {
 public:
  FailingCounter(World& world, coordinator::CpuCounter inner)
      : world_(world), inner_(std::move(inner)) {}

  void count(const coordinator::Contribution& contribution) override {
    if (lost_) return;  // gone with the rest
    inner_.count(contribution);
    if (world_.luck_.chance(world_.faults_.lose_tally)) lose();
  }

  void close(const coordinator::CloseOrder& order) override {
    if (lost_) return;  // which answers it
    if (world_.luck_.chance(world_.faults_.lose_tally)) {
      coordinator::CpuCounter given_up = inner_;
      given_up.close(order);
      lose();
      answers_.push_back({world_.late(1), *given_up.take()});
      return;
    }
    inner_.close(order);
    const Instant due = world_.late(world_.faults_.counter_delay);
    answers_.push_back({due, *inner_.take()});
    if (due > world_.now_ && world_.luck_.chance(world_.faults_.stop)) {
      const auto within = static_cast<std::uint32_t>((due - world_.now_).count());
      world_.queue_.schedule(world_.now_ + Duration(world_.luck_.below(within)),
                             CoordinatorStop{world_.coordinator_life_});
    }
  }

  std::optional<coordinator::CounterAnswer> take() override {
    const auto first = std::ranges::find_if(answers_, [this](const Answer& answer) {
      // Whoever gives a device up says so before he hears of it again.
      const bool told = !lost_ || std::holds_alternative<coordinator::CounterLost>(answer.answer);
      return told && answer.due <= world_.now_;
    });
    if (first == answers_.end()) return std::nullopt;
    coordinator::CounterAnswer answer = std::move(first->answer);
    answers_.erase(first);
    std::visit(Overloaded{
                   [](const coordinator::CounterClosed&) {},
                   [this](const coordinator::CounterLost&) {
                     lost_ = false;
                     world_.trace("the counter has lost its tally");
                     world_.truth_.tally_lost();
                   },
               },
               answer);
    return answer;
  }

  void lose() override {
    inner_.lose();
    answers_.push_back({world_.late(world_.faults_.counter_delay), *inner_.take()});
    lost_ = true;
  }

  std::span<const float> parameters() const override { return inner_.parameters(); }
  RuleState state() override { return inner_.state(); }

 private:
  struct Answer {
    Instant due;
    coordinator::CounterAnswer answer;
  };

  World& world_;
  coordinator::CpuCounter inner_;
  std::vector<Answer> answers_;
  bool lost_ = false;  // and nobody has been told yet
};

coordinator::Hands World::hands() {
  coordinator::Hands hands;
  hands.reader = std::make_unique<LateReader>(*this);
  hands.make_counter = [this](coordinator::CounterStart start) {
    return std::make_unique<FailingCounter>(*this, coordinator::CpuCounter(std::move(start)));
  };
  return hands;
}

}  // namespace psephos::proving
