#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "client/agent/agent.h"
#include "coordinator/ledger/memory_ledger.h"
#include "coordinator/server/server.h"
#include "runtime/base/descriptors.h"
#include "runtime/base/interrupt.h"
#include "runtime/models/model.h"
#include "simulator/run.h"

namespace psephos::simulator {
namespace {

// Of each client: its socket, both ends of its connection, its waker and what libzmq keeps for
// them.
constexpr std::uint64_t kDescriptorsPerClient = 8;
constexpr std::uint64_t kOtherDescriptors = 64;

// What the agents of all threads leave behind.
struct Outcomes {
  std::mutex mutex;
  double gradient_s = 0;
  std::string first_failure;
  std::atomic<bool> failed{false};
};

}  // namespace

Result<Summary> run_over_tcp(SimulatedRun run, coordinator::Reporter& reporter) {
  const std::uint32_t clients = run.population->size();
  if (const auto enough = ensure_descriptors(kDescriptorsPerClient * clients + kOtherDescriptors);
      !enough) {
    return Error{"--transport tcp: " + enough.error().text + ", or simulate fewer --clients"};
  }
  const std::size_t d = parameter_count(run.coordinator.tensors);
  net::Context context(static_cast<int>(2 * clients) + 64);
  auto socket =
      net::RouterSocket::bind(context, "tcp://127.0.0.1:0", wire::coordinator_max_frame(d),
                              static_cast<int>(run.coordinator.config.hyper.heartbeat_ms));
  if (!socket) return socket.error();
  const std::string endpoint = socket->endpoint();
  coordinator::Server server(std::move(*socket), std::move(run.coordinator),
                             std::make_unique<coordinator::MemoryLedger>(), std::move(run.held_out),
                             reporter);
  reporter.note(fmt::format("{} clients connect to {}", clients, endpoint));

  client::ArithmeticSlots slots(static_cast<std::ptrdiff_t>(run.threads));
  std::atomic<bool> over{false};  // the coordinator is gone: nobody need ask for it any more
  Outcomes outcomes;
  const auto take_part = [&](std::uint32_t i) {
    client::AgentOptions options{endpoint, run.population->session(i), &slots};
    const auto note = [&](const client::Note& said) {
      if (!said.routine) reporter.note(fmt::format("{}: {}", options.session.name, said.text));
    };
    std::string failure;
    double gradient_s = 0;
    try {
      client::Agent agent(context, options, run.population->worker(i, nullptr), note);
      const auto outcome = agent.run([&over] { return over.load(); });
      if (!outcome) {
        failure = outcome.error().text;
      } else {
        gradient_s = outcome->gradient_s;
        if (outcome->ending == client::Ending::kFailed) failure = outcome->text;
      }
    } catch (const std::exception& error) {
      failure = error.what();
    }
    const std::lock_guard lock(outcomes.mutex);
    outcomes.gradient_s += gradient_s;
    if (!failure.empty() && !outcomes.failed.exchange(true)) {
      outcomes.first_failure = fmt::format("{}: {}", options.session.name, failure);
    }
  };
  std::vector<std::thread> threads;
  std::exception_ptr failure;
  try {
    for (std::uint32_t i = 0; i < clients; ++i) threads.emplace_back(take_part, i);
    // A client that gave up will never vote: the run would wait for it.
    server.run([&outcomes] { return outcomes.failed ? 2 : interrupts(); });
  } catch (...) {
    failure = std::current_exception();
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  if (outcomes.failed) return Error{outcomes.first_failure};

  Summary summary = server.coordinator().summary();
  summary.program = "psephos-simulate";
  summary.arithmetic = arithmetic_set();
  summary.gradient_s = outcomes.gradient_s;
  if (const auto written = reporter.finish(summary, server.coordinator()); !written) {
    return written.error();
  }
  return summary;
}

}  // namespace psephos::simulator
