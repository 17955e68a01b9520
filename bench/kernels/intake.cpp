#include "bench/kernels/intake.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "bench/kernels/random_planes.h"
#include "bench/kernels/timing.h"
#include "coordinator/counting/counting_room.h"
#include "coordinator/counting/cpu_counter.h"
#include "runtime/base/check.h"
#include "runtime/net/doorman.h"
#include "runtime/net/sockets.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"

namespace psephos::bench {
namespace {

constexpr std::uint64_t kSession = 1;
constexpr std::uint64_t kRun = 2;
constexpr int kHeartbeatMs = 60'000;  // a busy machine starves sixteen processes for seconds
constexpr int kQueueLength = 4;       // of the net room's sockets; the bare ROUTER gets the same
constexpr auto kPatience = std::chrono::seconds(20);
constexpr auto kLinger = std::chrono::seconds(20);
constexpr auto kFullQueuePause = std::chrono::microseconds(100);

double cpu_seconds() {
  rusage usage{};
  PSEPHOS_CHECK(getrusage(RUSAGE_SELF, &usage) == 0, "a process knows its own CPU time");
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Keys {
  net::CurveKeys server;
  net::CurveKeys client;
};

// ---- receivers: each gives the size of the next frame, or nothing when none waits

// libzmq and nothing of ours.
class BareRouter {
 public:
  BareRouter(const IntakeOptions&, const std::optional<Keys>& keys)
      : socket_(context_, zmq::socket_type::router) {
    socket_.set(zmq::sockopt::rcvhwm, kQueueLength);
    socket_.set(zmq::sockopt::linger, 0);
    if (keys) {
      socket_.set(zmq::sockopt::curve_server, true);
      socket_.set(zmq::sockopt::curve_secretkey, keys->server.secret_key);
    }
    socket_.bind("tcp://127.0.0.1:*");
  }

  std::string endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

  std::optional<std::size_t> receive() {
    zmq::message_t part;
    if (!socket_.recv(part, zmq::recv_flags::dontwait)) return std::nullopt;  // the peer's name
    PSEPHOS_CHECK(socket_.recv(part, zmq::recv_flags::none).has_value(), "messages come whole");
    return part.size();
  }

  void wait() {
    zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
    zmq::poll(&item, 1, std::chrono::milliseconds(200));
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

// From the socket to the decision, as a coordinator's server, machine and core do it. Which member
// votes in which round is left out: it costs nothing per byte, and the peers do not listen.
class CountingRouter {
 public:
  CountingRouter(const IntakeOptions& options, const std::optional<Keys>& keys)
      : parameters_(options.parameters),
        peers_(options.peers),
        counter_(new coordinator::CpuCounter(
            {config(), tensors(options.parameters), Replica(options.parameters)})),
        room_(config(), std::unique_ptr<coordinator::VoteCounter>(counter_), 0, {}),
        doorman_(context_, rules(keys), [](const std::string&) {}),
        socket_(bind(options, context_, keys)) {}

  const std::string& endpoint() const { return socket_.endpoint(); }

  std::optional<std::size_t> receive() {
    const std::optional<net::Incoming> incoming = socket_.receive();
    if (!incoming) return std::nullopt;
    const auto message = wire::read_client_frame(*incoming->frame, parameters_);
    PSEPHOS_CHECK(message.ok(), "our own frames are readable");
    if (const auto* ballot = std::get_if<wire::Ballot>(&*message)) {
      const auto signs =
          decode_held(ballot->encoding, ballot->planes, parameters_, incoming->frame);
      PSEPHOS_CHECK(signs.ok(), "our own planes are well-formed");
      room_.count({incoming->peer, room_.round()}, *signs);
      if (++counted_ % peers_ == 0) {
        decided_ += counter_->decide(1, {}).signs.signs[0];
        room_.lose_tally();
        room_.take();
      }
    }
    return incoming->frame->size();
  }

  void wait() { net::wait(socket_, nullptr, std::chrono::milliseconds(200)); }

 private:
  static RunConfig config() {
    RunConfig config;
    config.hyper.rounds = kMaxRounds;
    return config;
  }

  static TensorTable tensors(std::size_t parameters) {
    return {{"x", 0, static_cast<std::uint32_t>(parameters), 0.1f}};
  }

  static net::DoorRules rules(const std::optional<Keys>& keys) {
    net::DoorRules rules;
    if (keys) rules.list = net::AllowList::of({keys->client.public_key});
    return rules;
  }

  static net::RouterSocket bind(const IntakeOptions& options, net::Context& context,
                                const std::optional<Keys>& keys) {
    std::optional<net::ServerCurve> curve;
    if (keys) curve = net::ServerCurve{keys->server.secret_key};
    auto socket = net::RouterSocket::bind(context, "tcp://127.0.0.1:0",
                                          wire::coordinator_max_frame(options.parameters),
                                          kHeartbeatMs, curve);
    PSEPHOS_CHECK(socket.ok(), "loopback has a free port");
    return std::move(*socket);
  }

  std::size_t parameters_;
  std::uint64_t peers_;
  std::uint64_t counted_ = 0;
  std::uint64_t decided_ = 0;
  coordinator::CpuCounter* counter_;  // the room's
  coordinator::CountingRoom room_;
  net::Context context_;
  net::Doorman doorman_;
  net::RouterSocket socket_;
};

// ---- peers

bool send(net::DealerSocket& socket, const Frame& frame) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!socket.send(frame)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kFullQueuePause);
  }
  return true;
}

// Says hello, so that the receiver knows when everybody is connected, then sends its ballots.
// Returns the exit status of the peer's process.
int be_a_peer(const std::string& endpoint, std::uint32_t index, const IntakeOptions& options,
              const std::optional<Keys>& keys) {
  net::Context context;
  std::optional<net::ClientCurve> curve;
  if (keys) curve = net::ClientCurve{keys->client, keys->server.public_key};
  auto socket = net::DealerSocket::connect(
      context, endpoint, wire::client_max_frame(options.parameters), kHeartbeatMs, curve);
  if (!socket) return 1;
  const EncodedSigns votes =
      encode({options.parameters, random_plane(options.parameters, index), {}});
  const Frame ballot = wire::build(wire::ClientMessage(
      wire::Ballot{kSession, kRun, 0, votes.encoding, votes.planes, 0.5f, 32, {}}));
  bool sent = send(*socket, wire::build(wire::ClientMessage(wire::Heartbeat{kSession, 0})));
  for (std::uint32_t round = 0; sent && round < options.rounds; ++round) {
    sent = send(*socket, ballot);
  }
  socket->close(kLinger);
  return sent ? 0 : 1;
}

// The peers' processes; whatever happens, none outlives this. Forked while this process has one
// thread, that is, before there is a receiver; they are told its endpoint through a pipe.
class Peers {
 public:
  Peers(const IntakeOptions& options, const std::optional<Keys>& keys) {
    PSEPHOS_CHECK(pipe2(pipe_.data(), O_CLOEXEC) == 0, "a pipe can be had");
    const pid_t parent = getpid();
    for (std::uint32_t i = 0; i < options.peers; ++i) {
      const pid_t pid = fork();
      if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        EndpointText text{};
        const bool told = getppid() == parent && read(pipe_[0], text.data(), text.size()) ==
                                                     static_cast<ssize_t>(text.size());
        _exit(told ? be_a_peer(text.data(), i, options, keys) : 1);
      }
      if (pid > 0) pids_.push_back(pid);
    }
  }
  ~Peers() {
    for (const pid_t pid : pids_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    for (const int end : pipe_) close(end);
  }
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  void tell(const std::string& endpoint) const {
    EndpointText text{};
    PSEPHOS_CHECK(endpoint.size() < text.size(), "an endpoint on loopback is short");
    std::ranges::copy(endpoint, text.begin());
    for (std::size_t i = 0; i < pids_.size(); ++i) {
      PSEPHOS_CHECK(write(pipe_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()),
                    "a pipe takes a few hundred bytes");
    }
  }

 private:
  using EndpointText = std::array<char, 64>;  // as short as a pipe hands over in one piece

  std::array<int, 2> pipe_{};
  std::vector<pid_t> pids_;
};

// ---- one measurement

// Receives `frames` frames; their bytes, or nothing when they do not come.
template <class Receiver>
std::optional<double> take(Receiver& receiver, std::uint64_t frames) {
  double bytes = 0;
  auto end = std::chrono::steady_clock::now() + kPatience;
  while (frames > 0) {
    const std::optional<std::size_t> size = receiver.receive();
    if (size) {
      bytes += static_cast<double>(*size);
      --frames;
      if (frames % 64 == 0) end = std::chrono::steady_clock::now() + kPatience;
    } else if (std::chrono::steady_clock::now() > end) {
      return std::nullopt;
    } else {
      receiver.wait();
    }
  }
  return bytes;
}

// CPU seconds per GB of ballots.
template <class Receiver>
Result<double> measure(const IntakeOptions& options, const std::optional<Keys>& keys) {
  const Peers peers(options, keys);
  Receiver receiver(options, keys);
  peers.tell(receiver.endpoint());
  const Error silent{"the peers of intake fell silent: are processes and loopback TCP allowed?"};
  if (!take(receiver, options.peers)) return silent;  // hellos, and ballots of the quickest
  const double before = cpu_seconds();
  const auto bytes = take(receiver, std::uint64_t{options.peers} * options.rounds);
  if (!bytes) return silent;
  return (cpu_seconds() - before) / *bytes * 1e9;
}

}  // namespace

Result<IntakeFigures> measure_intake(const IntakeOptions& options) {
  std::optional<Keys> keys;
  if (options.curve) {
    auto server = net::make_curve_keys();
    auto client = net::make_curve_keys();
    if (!server) return server.error();
    if (!client) return client.error();
    keys = Keys{std::move(*server), std::move(*client)};
  }
  std::vector<double> of_router;
  std::vector<double> of_coordinator;
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    const auto router = measure<BareRouter>(options, keys);
    if (!router) return router.error();
    const auto coordinator = measure<CountingRouter>(options, keys);
    if (!coordinator) return coordinator.error();
    of_router.push_back(*router);
    of_coordinator.push_back(*coordinator);
  }
  return IntakeFigures{median_of(of_router), median_of(of_coordinator)};
}

}  // namespace psephos::bench
