#pragma once
// The coordinator on a ROUTER socket: frames in, events to core/, frames out. Ballots are decoded
// and models evaluated on a thread each, so that frames do not wait for the one, nor rounds for the
// other unless several are behind.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coordinator/core/coordinator.h"
#include "coordinator/core/reporter.h"
#include "coordinator/evaluation/held_out.h"
#include "coordinator/server/first_times.h"
#include "runtime/net/doorman.h"
#include "runtime/net/sockets.h"

namespace psephos::coordinator {

class Server : private Outlet {
 public:
  // Leads the run in `ledger`, or begins one there; throws as Coordinator does. `held_out` may be
  // null when options.held_out is false. `reporter` must outlive this, as must `doorman`, with
  // which an encrypted socket was bound; null for one in the clear.
  Server(net::RouterSocket socket, CoordinatorOptions options, std::unique_ptr<Ledger> ledger,
         std::unique_ptr<HeldOut> held_out, Reporter& reporter, net::Doorman* doorman = nullptr);
  ~Server() override;

  // Leads the run to its end; blocks. `interrupts` is asked a few times a second how often a stop
  // was asked for: once ends the run after the rounds committed, twice does not wait for clients.
  // Throws LedgerFailed when the ledger cannot be written.
  void run(const std::function<int()>& interrupts);

  const Coordinator& coordinator() const { return *coordinator_; }
  // What the port met so far.
  NetCounters net_counters() const;

 private:
  class Evaluator;

  void take_frame(net::Incoming incoming);
  void say_first_times(Instant now);

  void send(const std::string& peer, const Frame& frame) override;
  void evaluate(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) override;
  void round_finished(const RoundRow& row) override;
  void evaluation_known(const EvaluationRow& row) override;
  void note(const std::string& text) override;
  void note_weighty(const std::string& text) override;

  net::RouterSocket socket_;
  net::Doorman* doorman_;
  Reporter& reporter_;
  FirstTimes first_times_;
  Instant next_first_times_{0};
  std::uint64_t frames_not_allowed_ = 0;
  net::Waker waker_;
  std::unique_ptr<Evaluator> evaluator_;
  std::unique_ptr<Coordinator> coordinator_;
};

}  // namespace psephos::coordinator
