#pragma once
// A client as a process runs it: the session machine on one thread with the socket, arithmetic on a
// second one, so that heartbeats never wait for a gradient.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>

#include "client/session/session.h"
#include "client/work/worker.h"
#include "runtime/net/sockets.h"

namespace psephos::client {

using ArithmeticSlots = std::counting_semaphore<4096>;

struct AgentOptions {
  std::string endpoint;  // tcp://HOST:PORT
  SessionOptions session;
  // Bounds how many agents of one process compute at once; null: no bound. Must outlive the agent.
  ArithmeticSlots* slots = nullptr;
  std::optional<net::ClientCurve> curve = std::nullopt;  // none: in the clear
  // Is told every frame that is sent or comes, a line in words each, from the thread that runs
  // run(); null: nobody is.
  std::function<void(const std::string&)> trace = nullptr;
  // Say why a connection cannot be made: costs a few descriptors each, which many agents in one
  // process may not have.
  bool watched = false;
};

struct AgentOutcome {
  Ending ending = Ending::kFailed;
  std::string text;
  std::uint32_t round = 0;  // of the replica
  std::uint64_t fingerprint = 0;
  std::uint32_t mismatches = 0;  // times the replica was not the coordinator's
  bool joined = false;           // was there ever a replica?
  double gradient_s = 0;
};

class Agent {
 public:
  // `context` must outlive the agent. `note` takes lines for the log, from the thread that runs
  // run().
  Agent(net::Context& context, AgentOptions options, std::unique_ptr<Worker> worker,
        std::function<void(const Note&)> note);

  // Runs until the session ends; blocks. `interrupted` is asked a few times a second: true asks for
  // a clean end (Leave, then return). An error: the endpoint cannot be used at all.
  Result<AgentOutcome> run(const std::function<bool()>& interrupted);

  // After run() returned.
  const Worker& worker() const { return *worker_; }

 private:
  class Arithmetic;

  net::Context& context_;
  AgentOptions options_;
  std::unique_ptr<Worker> worker_;
  std::function<void(const Note&)> note_;
  net::Waker waker_;
};

}  // namespace psephos::client
