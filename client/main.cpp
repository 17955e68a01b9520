// psephos-client: one device's part in a run.

#include <fmt/format.h>
#include <xxhash.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "client/agent/agent.h"
#include "client/agent/credentials.h"
#include "client/command_line/client_flags.h"
#include "client/gradient/dataset_gradient.h"
#include "client/state/state_file.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/base/entropy.h"
#include "runtime/base/interrupt.h"
#include "runtime/base/replace_file.h"
#include "runtime/data/partition.h"
#include "runtime/models/model.h"
#include "runtime/report/check_config.h"
#include "runtime/report/config_file.h"
#include "runtime/report/kernels_option.h"
#include "runtime/report/options.h"
#include "runtime/report/run_folder.h"

namespace {

using namespace psephos;

constexpr const char* kExamples = R"(Examples:
  Take part with this device's own data (MNIST's file names in one folder):
    psephos-client --connect tcp://127.0.0.1:5580 --name kitchen --dataset idx:/var/lib/images

  The same with a table of numbers whose column "kind" holds the classes 0, 1, 2, ...:
    psephos-client --connect tcp://127.0.0.1:5580 --dataset csv:/var/lib/readings.csv:kind

  Play client 3 of 10 on Fashion-MNIST, as the simulator would with the same seed:
    psephos-client --connect tcp://127.0.0.1:5580 --partition iid --part 3/10 --seed 1

  Encrypted, to a coordinator on another machine (psephos-keygen --help: the three steps):
    psephos-client --connect tcp://HOST:5580 --key kitchen.key --server-key coordinator.key.pub

  A device's settings from a file (name = "kitchen", dataset = "idx:/var/lib/images"), after a look
  at what it would do:
    psephos-client check-config device.toml
    psephos-client --config device.toml --connect tcp://127.0.0.1:5580

  Go on after a power cut where it stood, with the same secret seed:
    psephos-client --connect tcp://127.0.0.1:5580 --state /var/lib/psephos/kitchen.state

  See every frame that comes and goes (schemas/WIRE.md says what they mean):
    psephos-client --connect tcp://127.0.0.1:5580 --trace

Model, rule, learning rate and everything else about training come from the coordinator.)";

constexpr int kSockets = 16;  // one DEALER, and what libzmq keeps for itself

using client::ClientFlags;
using client::Membership;
using client::Part;

int fail(const std::string& text, int status) {
  fmt::print(stderr, "psephos-client: {}\n", text);
  return status;
}

// With --seed: the simulator's client of the same part, or one of its own name.
std::uint32_t stream_of(const std::optional<Part>& part, const std::string& name) {
  return part ? part->index : static_cast<std::uint32_t>(XXH3_64bits(name.data(), name.size()));
}

// What this client holds of the data set: a part, or all of it.
struct Holding {
  PartRef part;
  std::uint64_t manifest = 0;
};

Result<Holding> hold(const Dataset& dataset, const Membership& member) {
  const Part which = member.part.value_or(Part{0, 1});
  const std::uint32_t seed = member.seed.value_or(0);
  auto partition = make_partition(member.rule, {dataset.train.labels.data(), dataset.train.size()},
                                  dataset.classes, which.of, seed);
  if (!partition) return Error{"--part: " + partition.error().text};
  Holding holding;
  if (member.part) holding.manifest = manifest_hash(dataset, member.rule, *partition, seed);
  holding.part = {std::make_shared<const Partition>(std::move(*partition)), which.index};
  return holding;
}

int save(const std::string& path, std::span<const float> parameters) {
  const auto saved = replace_file(path, npy_bytes(parameters));
  return saved ? kExitSuccess : fail("--save: " + saved.error().text, kExitFailure);
}

// Without a seed nobody else can know this client's batches and coins.
PhiloxKey first_key(const Membership& member) {
  if (member.seed) return {*member.seed, stream_of(member.part, member.name)};
  const std::uint64_t secret = random_identifier();
  return {static_cast<std::uint32_t>(secret), static_cast<std::uint32_t>(secret >> 32)};
}

// Parts are cut from what the other programs train on. Data of this client alone need hold nothing
// back: the test set is the coordinator's.
Result<DatasetRef> load(const ClientFlags& flags, const Membership& member) {
  std::optional<double> test_fraction = flags.test_fraction;
  if (!test_fraction && !member.part && !brings_test_set(flags.dataset)) test_fraction = 0;
  return load_dataset(flags.dataset, DatasetParts::kTrainOnly, test_fraction);
}

// The key to begin with, and where the client stood; both from --state where that has them.
Result<client::StateFile::Opened> open_state(client::StateFile& file, const ClientFlags& flags,
                                             const Membership& member) {
  const PhiloxKey key = first_key(member);
  if (flags.state.empty()) return client::StateFile::Opened{{key, {}}, {}};
  if (const auto possible = check_replaceable(flags.state); !possible) return possible.error();
  return file.open(member.seed ? std::optional(key) : std::nullopt, key);
}

client::AgentOptions agent_options(const ClientFlags& flags, const Membership& member,
                                   const Holding& holding, client::ClientState state) {
  client::AgentOptions options;
  options.endpoint = flags.connect;
  options.watched = true;
  options.session.name = member.name;
  options.session.run = member.run;
  options.session.max_parameters = flags.max_parameters;
  options.session.samples = holding.part.size();
  options.session.data_manifest = holding.manifest;
  options.session.arithmetic = fmt::format("{}/{}", arithmetic_set(), kernels::kernels().name);
  options.session.key = state.key;
  options.session.save_every = member.save_every;
  if (member.part) {
    options.session.part = member.part->index + 1;
    options.session.parts = member.part->of;
  }
  if (state.run) {
    options.session.restored = std::make_shared<const client::RunState>(*std::move(state.run));
  }
  return options;
}

// How it ended, for a person and for the shell.
int conclude(const std::string& name, const client::AgentOutcome& outcome) {
  switch (outcome.ending) {
    case client::Ending::kFailed:
      return fail(outcome.text, kExitFailure);
    case client::Ending::kStopped:
      if (outcome.joined) {
        fmt::print("{}: stopped at round {}, fingerprint {}\n", name, outcome.round,
                   format_hex(outcome.fingerprint));
      } else {
        fmt::print("{}: stopped before it held a replica\n", name);
      }
      return interrupted_exit_status();
    case client::Ending::kFinished:
      fmt::print("{}: {}\n", name, outcome.text);
      return kExitSuccess;
  }
  PSEPHOS_CHECK(false, "an ending has a name");
}

int take_part(const ClientFlags& flags, const ConfigSource& source) {
  const auto member = client::check_client_flags(flags);
  if (!member) return fail(source.explain(member.error().text), kExitUsage);
  if (!flags.save.empty()) {
    if (const auto possible = check_replaceable(flags.save); !possible) {
      return fail("--save: " + possible.error().text, kExitFailure);
    }
  }
  const auto curve = client::read_credentials(flags.credentials);
  if (!curve) return fail(curve.error().text, kExitFailure);
  const auto dataset = load(flags, *member);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  auto holding = hold(**dataset, *member);
  if (!holding) return fail(source.explain(holding.error().text), kExitUsage);
  SystemDisk disk;
  client::StateFile state_file(disk, flags.state, flags.max_parameters);
  auto opened = open_state(state_file, flags, *member);
  if (!opened) return fail("--state: " + opened.error().text, kExitFailure);
  const PhiloxKey key = opened->state.key;
  client::AgentOptions options = agent_options(flags, *member, *holding, std::move(opened->state));
  options.curve = *curve;
  if (flags.trace) {
    options.trace = [&member](const std::string& line) {
      fmt::print(stderr, "{} {}\n", member->name, line);
    };
  }

  const auto note = [&flags, &member](const client::Note& said) {
    if (!flags.quiet) fmt::print(stderr, "{}: {}\n", member->name, said.text);
  };
  note({fmt::format("{} samples of {}, kernels {}, connecting to {}", options.session.samples,
                    flags.dataset, kernels::kernels().name, flags.connect)});
  for (const std::string& text : opened->notes) note({text});
  // Not an error: a device may start before its network does.
  if (const auto found = net::check_host(flags.connect); !found) note({found.error().text});
  catch_interrupts(2);
  net::Context context(kSockets);
  auto worker = std::make_unique<client::Worker>(
      client::dataset_gradient(std::make_shared<client::ModelPools>(*dataset),
                               std::move(holding->part)),
      key);
  worker->keep_state_in(state_file);
  client::Agent agent(context, std::move(options), std::move(worker), note);
  const auto outcome = agent.run([] { return interrupts() > 0; });
  if (!outcome) return fail(outcome.error().text, kExitFailure);
  if (outcome->mismatches > 0 && outcome->ending != client::Ending::kFailed) {
    note({fmt::format("the replica had to be replaced {} times", outcome->mismatches)});
  }
  const int status = conclude(member->name, *outcome);
  if (outcome->ending != client::Ending::kFinished || flags.save.empty()) return status;
  return save(flags.save, agent.worker().parameters());
}

int run(int argc, const char* const* argv) {
  CLI::App app(
      "Takes part in a federated training run with this device's own data: sends one bit per\n"
      "parameter and round, and never a sample.",
      "psephos-client");
  app.footer(kExamples);
  app.set_version_flag("--version", [] { return version_text("psephos-client"); });
  add_kernels_option(app);
  ClientFlags flags;
  ConfigSource source;
  add_config_option(app, source);
  client::add_client_options(app, flags);
  refuse_run_options(app);
  if (argc > 1 && std::string_view(argv[1]) == kCheckConfig) {
    return check_config_main(app, source, argc - 1, argv + 1,
                             [&flags] { return client::membership_in_words(flags); });
  }
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  try {
    return take_part(flags, source);
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailure);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return psephos::finish_output("psephos-client", run(argc, argv));
}
