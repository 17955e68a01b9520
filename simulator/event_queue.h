#pragma once
// Virtual time: events in order of their instant, of their turn within it, and of scheduling.
// Nothing in a memory simulation looks at a real clock, so the same seed gives the same history.

#include <deque>
#include <map>
#include <utility>

#include "runtime/base/units.h"

namespace psephos::simulator {

template <class T>
class EventQueue {
 public:
  // `turn`: events of one instant with a lower one go first.
  void schedule(Instant at, T event, int turn = 0) {
    queue_[{at, turn}].push_back(std::move(event));
  }
  bool empty() const { return queue_.empty(); }
  Instant next_instant() const { return queue_.begin()->first.first; }

  // The earliest event; its instant becomes now.
  T pop(Instant& now) {
    const auto first = queue_.begin();
    now = first->first.first;
    T event = std::move(first->second.front());
    first->second.pop_front();
    if (first->second.empty()) queue_.erase(first);
    return event;
  }

 private:
  // A list per instant and turn, never empty: where links have no delay, there is hardly more than
  // one, and a crowd's events cost no search.
  std::map<std::pair<Instant, int>, std::deque<T>> queue_;
};

}  // namespace psephos::simulator
