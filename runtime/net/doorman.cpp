#include "runtime/net/doorman.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/free_memory.h"
#include "runtime/base/token_bucket.h"
#include "runtime/net/monitor.h"
#include "runtime/net/zap.h"
#include "runtime/net/zmq_state.h"

namespace psephos::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxZapFrames = 16;  // libzmq sends seven
// So many connections made or ended leave memory worth returning.
constexpr std::uint64_t kCrowd = 64;
// Requests or events taken before the other kind has its turn.
constexpr int kPerTurn = 256;

Instant monotonic_now() {
  return std::chrono::duration_cast<Instant>(Clock::now().time_since_epoch());
}

// Those said lately: an endless row of strangers is said in bounded memory, and a bounded number of
// lines.
class SaidKeys {
 public:
  // Is a line about `key` due? One that is not for want of room is due when the key comes again.
  bool add(const std::string& key, Instant now) {
    if (std::ranges::find(keys_, key) != keys_.end() || !lines_.take(now)) return false;
    if (keys_.size() == kKeysKept) keys_.pop_front();
    keys_.push_back(key);
    return true;
  }

 private:
  std::deque<std::string> keys_;
  TokenBucket lines_{kKeyLinesPerSecond, kKeyLineBurst};
};

// What each key has left. At most those of the list have an entry.
class KeyRates {
 public:
  bool take(const std::string& key, Instant now) {
    return rates_.try_emplace(key, kKeyHandshakesPerSecond, kKeyHandshakeBurst)
        .first->second.take(now);
  }
  void keep_only(const AllowList& list) {
    std::erase_if(rates_, [&](const auto& entry) { return !list.allows(entry.first); });
  }

 private:
  std::unordered_map<std::string, TokenBucket> rates_;
};

}  // namespace

class Doorman::Desk {
 public:
  Desk(zmq::context_t& context, DoorRules rules, std::function<void(const std::string&)> say);
  ~Desk();

  bool allows(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    return list_.allows(key);
  }
  std::vector<std::string> take_revoked() {
    if (!any_revoked_.exchange(false)) return {};
    const std::lock_guard lock(mutex_);
    return std::exchange(revoked_, {});
  }
  DoorCounters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  void work();
  void answer_requests();
  Verdict judge(const ZapRequest& request);
  void count_events();
  void look_at_file();
  void tidy_up();

  // Of the thread alone, once it runs.
  zmq::socket_t requests_;
  zmq::socket_t events_;
  std::optional<AllowFile> file_;
  std::chrono::milliseconds look_every_;
  TokenBucket handshakes_;
  KeyRates of_key_;
  SaidKeys refused_;
  SaidKeys hasty_;
  std::uint64_t traffic_seen_ = 0;  // connections made and ended, at the last look
  std::uint64_t traffic_tidied_ = 0;
  std::function<void(const std::string&)> say_;

  Waker waker_;
  std::atomic<bool> closing_{false};
  std::atomic<bool> any_revoked_{false};
  mutable std::mutex mutex_;  // of what follows
  AllowList list_;
  std::vector<std::string> revoked_;
  DoorCounters counters_;

  std::thread thread_;
};

Doorman::Desk::Desk(zmq::context_t& context, DoorRules rules,
                    std::function<void(const std::string&)> say)
    : requests_(context, zmq::socket_type::rep),
      events_(context, zmq::socket_type::pair),
      file_(std::move(rules.file)),
      look_every_(rules.look_every),
      handshakes_(rules.handshakes_per_second, rules.handshakes_per_second),
      say_(std::move(say)),
      list_(std::move(rules.list)) {
  requests_.set(zmq::sockopt::linger, 0);
  events_.set(zmq::sockopt::linger, 0);
  requests_.bind(kZapEndpoint);
  events_.connect(kDoorMonitor);
  thread_ = std::thread([this] { work(); });
}

Doorman::Desk::~Desk() {
  closing_ = true;
  waker_.wake();
  thread_.join();
}

void Doorman::Desk::work() {
  Clock::time_point next_look = Clock::now() + look_every_;
  while (!closing_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_look - Clock::now());
    std::array<zmq::pollitem_t, 3> items = {{{requests_.handle(), 0, ZMQ_POLLIN, 0},
                                             {events_.handle(), 0, ZMQ_POLLIN, 0},
                                             {nullptr, waker_.descriptor(), ZMQ_POLLIN, 0}}};
    try {
      zmq::poll(items.data(), items.size(), std::max(left, left.zero()));
    } catch (const zmq::error_t& error) {
      PSEPHOS_CHECK(error.num() == EINTR, error.what());
    }
    waker_.drain();
    answer_requests();
    count_events();
    if (Clock::now() >= next_look) {
      look_at_file();
      tidy_up();
      next_look = Clock::now() + look_every_;
    }
  }
}

void Doorman::Desk::answer_requests() {
  for (int i = 0; i < kPerTurn; ++i) {
    std::vector<std::string> frames;
    bool more = true;
    while (more && frames.size() < kMaxZapFrames) {
      const auto part = receive_part(requests_);
      if (!part) return;
      frames.push_back(part->to_string());
      more = part->more();
    }
    if (more) drop_parts(requests_);
    const std::optional<ZapRequest> request = read_zap_request(frames);
    const Verdict verdict = request ? judge(*request) : Verdict::kRefused;
    const std::string id = frames.size() > 1 ? frames[1] : "";
    const std::string user = verdict == Verdict::kAdmitted ? request->key : "";
    const std::array<std::string_view, 6> reply = {
        "1.0", id, status_code(verdict), status_text(verdict), user, ""};
    for (std::size_t part = 0; part < reply.size(); ++part) {
      send_part(requests_, zmq::message_t(reply[part]),
                part + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }
}

Verdict Doorman::Desk::judge(const ZapRequest& request) {
  const Instant now = monotonic_now();
  std::string hasty;
  {
    const std::lock_guard lock(mutex_);
    if (!may_come_in(request, list_)) {
      ++counters_.keys_refused;
    } else if (!of_key_.take(request.key, now)) {
      ++counters_.keys_put_off;
      hasty = list_.shown(request.key);
    } else if (!handshakes_.take(now)) {
      ++counters_.handshakes_put_off;
      return Verdict::kPutOff;
    } else {
      return Verdict::kAdmitted;
    }
  }
  if (!hasty.empty()) {
    if (hasty_.add(request.key, now)) {
      say_(
          fmt::format("the client listed as {} connects again and again, now from {}: it is put "
                      "off, and let in {} times a second; where it goes on, take it off the list",
                      hasty, request.address, kKeyHandshakesPerSecond));
    }
    return Verdict::kPutOff;
  }
  if (!request.key.empty() && refused_.add(request.key, now)) {
    say_(fmt::format("refused {} from {}: that key is not on the list; to admit it, add it there",
                     request.key, request.address));
  }
  return Verdict::kRefused;
}

void Doorman::Desk::count_events() {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < kPerTurn; ++i) {
    const auto event = next_event(events_);
    if (!event) return;
    switch (event->id) {
      case ZMQ_EVENT_ACCEPTED:
        ++counters_.connections;
        break;
      case ZMQ_EVENT_ACCEPT_FAILED:
        ++counters_.accepts_failed;
        break;
      case ZMQ_EVENT_DISCONNECTED:
        ++counters_.disconnections;
        break;
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        ++counters_.handshakes_failed;
        break;
      default:  // HANDSHAKE_FAILED_AUTH was counted when it was decided
        break;
    }
  }
}

void Doorman::Desk::look_at_file() {
  auto changed = file_ ? file_->look() : std::nullopt;
  if (!changed) return;
  if (!*changed) {
    say_(fmt::format("--allow: {}; the list read before stays in force", changed->error().text));
    return;
  }
  AllowList list = std::move(*changed).value();
  const std::size_t size = list.size();
  std::size_t revoked = 0;
  std::string only;
  {
    const std::lock_guard lock(mutex_);
    const std::vector<std::string> missing = list_.without(list);
    revoked = missing.size();
    // One that is back before anybody asked was never away.
    std::erase_if(revoked_, [&](const std::string& key) { return list.allows(key); });
    revoked_.insert(revoked_.end(), missing.begin(), missing.end());
    of_key_.keep_only(list);
    if (missing.size() == 1) only = " (" + list_.shown(missing.front()) + ")";
    list_ = std::move(list);
    any_revoked_ = !revoked_.empty();
  }
  say_(fmt::format("--allow: the list was read again: {} keys, {} of those before revoked{}", size,
                   revoked, only));
}

// A connection takes some 40 KB of libzmq's, and twice as much while it is made. When the coming
// and going of many is over, what they needed goes back to the system.
void Doorman::Desk::tidy_up() {
  const DoorCounters now = counters();
  const std::uint64_t traffic = now.connections + now.disconnections;
  const bool calm = std::exchange(traffic_seen_, traffic) == traffic;
  if (!calm || traffic - traffic_tidied_ < kCrowd) return;
  traffic_tidied_ = traffic;
  return_free_memory();
}

Doorman::Doorman(Context& context, DoorRules rules, std::function<void(const std::string&)> say) {
  try {
    desk_ = std::make_unique<Desk>(context.state_->context, std::move(rules), std::move(say));
  } catch (const zmq::error_t& error) {
    throw std::system_error(error.num(), std::generic_category(),
                            "cannot answer for who may connect");
  }
}

Doorman::~Doorman() = default;

bool Doorman::allows(const std::string& key) const { return desk_->allows(key); }
std::vector<std::string> Doorman::take_revoked() { return desk_->take_revoked(); }
DoorCounters Doorman::counters() const { return desk_->counters(); }

}  // namespace psephos::net
