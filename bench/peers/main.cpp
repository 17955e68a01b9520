// peer_crowd: thousands of encrypted clients in one process, and a bare ROUTER to compare a
// coordinator's memory with. Run by bench/peer_memory.py.
//
// A client here is the shipping session machine on a real DEALER socket: it joins, beats, backs off
// and comes back as psephos-client does. What it is asked to compute it never finishes, so that
// rounds do not disturb the measurement.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/session/session.h"
#include "runtime/base/check.h"
#include "runtime/base/descriptors.h"
#include "runtime/base/interrupt.h"
#include "runtime/net/doorman.h"
#include "runtime/net/key_file.h"
#include "runtime/wire/limits.h"

namespace {

using namespace psephos;
namespace fs = std::filesystem;

constexpr int kHeartbeatMs = 2000;
constexpr auto kPause = std::chrono::milliseconds(10);
constexpr std::uint64_t kDescriptorsPerPeer = 4;  // a socket, its mailbox, and some
constexpr std::uint64_t kOtherDescriptors = 256;

Instant monotonic_now() {
  return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now().time_since_epoch());
}

// ---- keys: DIR/server.key, DIR/peers (a secret key a line), DIR/clients.allow

int make_keys(const fs::path& folder, std::uint32_t peers) {
  fs::create_directories(folder);
  const auto server = net::make_curve_keys();
  PSEPHOS_CHECK(server.ok(), "this libzmq has CURVE");
  PSEPHOS_CHECK(net::write_key_files(folder / "server.key", *server).ok(), "the folder is new");
  std::ofstream secrets(folder / "peers");
  std::ofstream list(folder / "clients.allow");
  for (std::uint32_t i = 0; i < peers; ++i) {
    const auto keys = net::make_curve_keys();
    secrets << keys->secret_key << "\n";
    list << keys->public_key << " peer-" << i << "\n";
  }
  return 0;
}

// ---- the crowd

class Peer {
 public:
  Peer(net::Context& context, std::string endpoint, net::ClientCurve curve, std::uint32_t number)
      : context_(context),
        endpoint_(std::move(endpoint)),
        curve_(std::move(curve)),
        session_(options(number)),
        socket_(connect()) {
    step(client::Started{});
  }

  void turn() {
    while (!outbox_.empty() && socket_.send(outbox_.front())) outbox_.pop_front();
    for (int i = 0; i < 8; ++i) {
      const auto frame = socket_.receive();
      if (!frame) break;
      step(client::FrameArrived{*frame});
    }
    if (session_.next_tick() <= monotonic_now()) step(client::Tick{});
  }
  bool joined() const { return joined_; }

 private:
  static client::SessionOptions options(std::uint32_t number) {
    client::SessionOptions options;
    options.name = fmt::format("peer-{}", number);
    options.arithmetic = "none";
    options.key = {number, 1};
    return options;
  }
  net::DealerSocket connect() {
    auto socket = net::DealerSocket::connect(context_, endpoint_, wire::client_max_frame(1 << 20),
                                             kHeartbeatMs, curve_);
    PSEPHOS_CHECK(socket.ok(), "the endpoint is one");
    return std::move(*socket);
  }
  void step(const client::Event& event) {
    for (client::Action& action : session_.step(event, monotonic_now())) {
      if (auto* send = std::get_if<client::SendFrame>(&action)) {
        if (outbox_.size() == 8) outbox_.pop_front();
        outbox_.push_back(std::move(send->frame));
      } else if (std::holds_alternative<client::Reconnect>(action)) {
        joined_ = false;
        outbox_.clear();
        socket_.close(std::chrono::milliseconds(0));
        socket_ = connect();
      } else if (const auto* note = std::get_if<client::Note>(&action)) {
        if (note->text.starts_with("joined")) joined_ = true;
        if (note->text.find("fell silent") != std::string::npos) joined_ = false;
      } else if (const auto* end = std::get_if<client::End>(&action)) {
        fmt::print(stderr, "peer_crowd: a peer gave up: {}\n", end->text);
      }
    }
  }

  net::Context& context_;
  std::string endpoint_;
  net::ClientCurve curve_;
  client::Session session_;
  net::DealerSocket socket_;
  std::deque<Frame> outbox_;
  bool joined_ = false;
};

// Prints how many are joined whenever that changes, as "JOINED\n".
int crowd(const fs::path& folder, const std::string& endpoint) {
  const auto server = net::read_public_key_file(folder / "server.key.pub");
  PSEPHOS_CHECK(server.ok(), "made before");
  std::vector<net::CurveKeys> keys;
  std::ifstream secrets(folder / "peers");
  for (std::string line; std::getline(secrets, line);) keys.push_back(*net::curve_pair_of(line));
  const auto enough = ensure_descriptors(kDescriptorsPerPeer * keys.size() + kOtherDescriptors);
  PSEPHOS_CHECK(enough.ok(), enough.error().text.c_str());
  net::Context context(static_cast<int>(2 * keys.size()) + 64);
  std::deque<Peer> peers;
  std::size_t said = 1;
  while (interrupts() == 0) {
    for (int i = 0; i < 50 && peers.size() < keys.size(); ++i) {
      const auto number = static_cast<std::uint32_t>(peers.size());
      peers.emplace_back(context, endpoint, net::ClientCurve{keys[number], *server}, number);
    }
    std::size_t joined = 0;
    for (Peer& peer : peers) {
      peer.turn();
      joined += peer.joined();
    }
    if (joined != said) {
      said = joined;
      fmt::print("{}\n", said);
      std::fflush(stdout);
    }
    std::this_thread::sleep_for(kPause);
  }
  return 0;
}

// ---- libzmq and as little as keeps a peer content: no members, no rounds, no machine

int bare(const fs::path& folder, const std::string& endpoint) {
  const auto server = net::read_key_file(folder / "server.key");
  net::AllowFile file(folder / "clients.allow");
  auto list = file.read();
  PSEPHOS_CHECK(server.ok() && list.ok(), "made before");
  const auto enough = ensure_descriptors(list->size() + kOtherDescriptors);
  PSEPHOS_CHECK(enough.ok(), enough.error().text.c_str());
  net::Context context(16);
  net::DoorRules rules;
  rules.list = std::move(*list);
  net::Doorman doorman(context, std::move(rules), [](const std::string&) {});
  constexpr std::size_t kParameters = 650;
  auto socket =
      net::RouterSocket::bind(context, endpoint, wire::coordinator_max_frame(kParameters),
                              kHeartbeatMs, net::ServerCurve{server->secret_key}, &doorman);
  PSEPHOS_CHECK(socket.ok(), "the port is free");
  wire::Welcome welcome;
  welcome.run = welcome.session = 1;
  welcome.tensors = {{"w", 0, kParameters, 0.5F}};
  welcome.hyper.model = "softmax";
  welcome.hyper.heartbeat_ms = kHeartbeatMs;
  welcome.largest_frame = static_cast<std::uint32_t>(wire::client_max_frame(kParameters));
  const Frame hello = wire::build(welcome);
  const Frame echo = wire::build(wire::CoordinatorMessage(wire::Heartbeat{1, 0}));
  fmt::print(stderr, "waiting for peers\n");
  while (interrupts() == 0) {
    net::wait(*socket, nullptr, std::chrono::milliseconds(200));
    while (const auto incoming = socket->receive()) {
      const auto message = wire::read_client_frame(*incoming->frame, kParameters);
      const bool join = message.ok() && std::holds_alternative<wire::Join>(*message);
      socket->send(incoming->peer, join ? hello : echo);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Thousands of encrypted clients in one process (bench/peer_memory.py runs it).",
               "peer_crowd");
  app.require_subcommand(1);
  std::string folder;
  std::string endpoint;
  std::uint32_t peers = 2000;
  CLI::App* keys_command = app.add_subcommand("keys", "make the folder with everybody's keys");
  CLI::App* crowd_command = app.add_subcommand("crowd", "be the clients");
  CLI::App* bare_command = app.add_subcommand("bare", "be a ROUTER without a coordinator");
  for (CLI::App* command : {keys_command, crowd_command, bare_command}) {
    command->add_option("--folder", folder, "where the keys are")->required();
  }
  for (CLI::App* command : {crowd_command, bare_command}) {
    command->add_option("--endpoint", endpoint, "tcp://HOST:PORT")->required();
  }
  keys_command->add_option("--peers", peers, "how many")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  catch_interrupts(2);
  if (keys_command->parsed()) return make_keys(folder, peers);
  return crowd_command->parsed() ? crowd(folder, endpoint) : bare(folder, endpoint);
}
