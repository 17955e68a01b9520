#pragma once
// Virtual time: events in order of their instant, of their turn within it, and of scheduling.
// Nothing in a memory simulation looks at a real clock, so the same seed gives the same history.

#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

#include "runtime/base/units.h"

namespace psephos::simulator {

template <class T>
class EventQueue {
 public:
  // `turn`: events of one instant with a lower one go first.
  void schedule(Instant at, T event, int turn = 0) {
    queue_.push({at, turn, next_++, std::move(event)});
  }
  bool empty() const { return queue_.empty(); }
  Instant next_instant() const { return queue_.top().at; }

  // The earliest event; its instant becomes now.
  T pop(Instant& now) {
    // priority_queue gives no way to move out of top(); the element is popped right after.
    Entry entry = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    now = entry.at;
    return std::move(entry.event);
  }

 private:
  struct Entry {
    Instant at;
    int turn;
    std::uint64_t order;
    T event;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      if (a.at != b.at) return a.at > b.at;
      return a.turn != b.turn ? a.turn > b.turn : a.order > b.order;
    }
  };
  std::priority_queue<Entry, std::vector<Entry>, Later> queue_;
  std::uint64_t next_ = 0;
};

}  // namespace psephos::simulator
