// What a round costs beside its gradients, step by step: one JSON line, in ns per parameter and
// client. The same functions as in a run, on frames as they cross the wire; nothing is shared
// between clients, as between devices.
//
// Every step is timed in every repeat, and the least of each is reported: other work on the machine
// makes a step slower and never faster.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/ballot/voter.h"
#include "client/work/held_replica.h"
#include "coordinator/counting/counting_room.h"
#include "coordinator/counting/cpu_counter.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/base/philox.h"
#include "runtime/replica/initial_parameters.h"

namespace psephos {
namespace {

constexpr int kBadUsage = 2;
constexpr std::uint32_t kSeed = 1;
constexpr std::uint64_t kSession = 1;
constexpr std::uint64_t kRun = 2;
constexpr std::string_view kWorker = "signum:0.9";
// Of a gradient's entries, so many in a hundred are exact zeros: dark pixels, silent units.
constexpr std::uint32_t kZerosInHundred = 6;

struct Options {
  std::size_t parameters = 101'770;
  std::uint32_t clients = 10;
  std::string downlink = "ternary";
  int repeats = 200;
};

// What is timed. The protocol's share of a round is their sum but for the first, which belongs to
// the gradient: a client that kept its gradient to itself would have momentum, too.
enum Step : std::size_t { kVote, kEncode, kVerify, kCount, kDecide, kFollow, kSteps };
constexpr std::array<std::string_view, kSteps> kNames{
    "vote", "encode", "verify", "count", "decide_apply_fingerprint", "follow_apply_fingerprint"};

using Nanoseconds = std::array<double, kSteps>;

// Adds the time from construction to destruction to `total`.
class Timing {
 public:
  explicit Timing(double& total) : total_(total) {}
  ~Timing() {
    total_ +=
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin_).count();
  }
  Timing(const Timing&) = delete;
  Timing& operator=(const Timing&) = delete;

 private:
  double& total_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

AlignedVector<float> random_gradient(std::size_t d, std::uint32_t client) {
  AlignedVector<float> gradient(d);
  for (std::size_t i = 0; i < d; ++i) {
    const std::uint32_t word = philox_word({kSeed, client}, 0, Purpose::kBatch, i);
    const bool zero = below(word, 100) < kZerosInHundred;
    gradient[i] = zero ? 0.0f : static_cast<float>(unit_interval(word) - 0.53);
  }
  return gradient;
}

struct Device {
  std::string name;
  AlignedVector<float> gradient;
  client::Voter voter{*parse_worker_rule(kWorker), *parse_ballot_rule("sign")};
  client::HeldReplica replica{nullptr};
};

// Clients and their coordinator, without anything between them but frames.
class Round {
 public:
  explicit Round(const Options& options, Downlink downlink)
      : tensors_{{"x", 0, static_cast<std::uint32_t>(options.parameters), 0.1f}},
        config_(make_config(downlink)),
        room_(config_,
              std::make_unique<coordinator::CpuCounter>(
                  coordinator::CounterStart{config_, tensors_, first_replica()}),
              0, {}) {
    for (std::uint32_t i = 0; i < options.clients; ++i) {
      Device device;
      device.name = fmt::format("client-{}", i + 1);
      device.gradient = random_gradient(options.parameters, i);
      device.replica.draw(tensors_, kSeed, room_.terms());
      devices_.push_back(std::move(device));
    }
  }

  Nanoseconds play() {
    Nanoseconds took{};
    for (std::uint32_t i = 0; i < devices_.size(); ++i) vote(i, took);
    const Frame decision = decide(took);
    for (Device& device : devices_) follow(device, decision, took);
    return took;
  }

 private:
  static RunConfig make_config(Downlink downlink) {
    RunConfig config;
    config.hyper.seed = kSeed;
    config.hyper.rounds = kMaxRounds;
    config.downlink = downlink;
    return config;
  }

  Replica first_replica() const {
    Replica x(parameter_count(tensors_));
    fill_initial_parameters(tensors_, kSeed, x.mutable_parameters());
    return x;
  }

  void vote(std::uint32_t i, Nanoseconds& took) {
    Device& device = devices_[i];
    const std::uint32_t round = room_.round();
    PackedSigns signs;
    {
      const Timing timing(took[kVote]);
      signs = device.voter.vote(device.gradient, {{kSeed, i}, round, &tensors_, {}}).signs;
    }
    Frame frame;
    {
      const Timing timing(took[kEncode]);
      const EncodedSigns encoded = encode(signs);
      frame = wire::build(wire::ClientMessage(
          wire::Ballot{kSession, kRun, round, encoded.encoding, encoded.planes, 0.5f, 32, {}}));
    }
    std::optional<HeldSigns> held;
    {
      const Timing timing(took[kVerify]);
      const auto message = wire::read_client_frame(*frame, signs.parameters);
      PSEPHOS_CHECK(message.ok(), "our own ballot is readable");
      const auto& ballot = std::get<wire::Ballot>(*message);
      const auto good = decode_held(ballot.encoding, ballot.planes, signs.parameters, frame);
      PSEPHOS_CHECK(good.ok(), "our own planes are well-formed");
      held = *good;
    }
    const Timing timing(took[kCount]);
    room_.count({device.name, room_.round()}, *held);
  }

  Frame decide(Nanoseconds& took) {
    const Timing timing(took[kDecide]);
    room_.close();
    const auto closed = std::get<coordinator::ClosedRound>(*room_.take());
    const coordinator::DecisionRecord& record = *closed.record;
    wire::Decision decision;
    decision.session = kSession;
    decision.run = kRun;
    decision.round = record.round;
    decision.delta = record.delta;
    decision.keep = record.keep;
    decision.encoding = record.votes.encoding;
    decision.planes = record.votes.planes;
    decision.voters = record.voters;
    decision.fingerprint = record.fingerprint;
    decision.next = record.next;
    decision.vote = true;
    return wire::build(wire::CoordinatorMessage(decision));
  }

  static void follow(Device& device, const Frame& frame, Nanoseconds& took) {
    const Timing timing(took[kFollow]);
    const auto message = wire::read_coordinator_frame(*frame, kMaxParameters);
    PSEPHOS_CHECK(message.ok(), "our own decision is readable");
    const auto applied = device.replica.apply({frame, {std::get<wire::Decision>(*message)}});
    PSEPHOS_CHECK(applied.matched, "every replica has the decision's fingerprint");
  }

  TensorTable tensors_;
  RunConfig config_;
  coordinator::CountingRoom room_;
  std::vector<Device> devices_;
};

int print_figures(const Options& options, Downlink downlink) {
  Round round(options, downlink);
  Nanoseconds least = round.play();
  for (int repeat = 1; repeat < options.repeats; ++repeat) {
    const Nanoseconds took = round.play();
    for (std::size_t step = 0; step < kSteps; ++step)
      least[step] = std::min(least[step], took[step]);
  }
  const double share = 1 / (static_cast<double>(options.parameters) * options.clients);
  double total = 0;
  std::string steps;
  for (std::size_t step = 0; step < kSteps; ++step) {
    if (step != kVote) total += least[step] * share;
    steps += fmt::format(", \"{}_ns\": {:.4f}", kNames[step], least[step] * share);
  }
  fmt::print(
      "{{\"protocol_ns_per_parameter_per_client\": {:.4f}, \"d\": {}, \"clients\": {}, "
      "\"downlink\": \"{}\", \"kernels\": \"{}\"{}}}\n",
      total, options.parameters, options.clients, to_string(downlink), kernels::kernels().name,
      steps);
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Measures what a round costs beside its gradients: ballots encoded, verified and counted, "
      "the decision made, applied and fingerprinted, by the coordinator and by every client."};
  app.add_option("--parameters", options.parameters, "d")
      ->check(CLI::Range(std::size_t{1}, kMaxParameters))
      ->capture_default_str();
  app.add_option("--clients", options.clients, "that vote")
      ->check(CLI::Range(1u, 10'000u))
      ->capture_default_str();
  app.add_option("--downlink", options.downlink, "ternary or binary")->capture_default_str();
  app.add_option("--repeats", options.repeats, "rounds; the least time of each step is printed")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  const auto downlink = parse_downlink(options.downlink);
  if (!downlink) {
    fmt::print(stderr, "protocol_speed: --downlink: {}\n", downlink.error().text);
    return kBadUsage;
  }
  return print_figures(options, *downlink);
}

}  // namespace
}  // namespace psephos

int main(int argc, char** argv) { return psephos::run(argc, argv); }
