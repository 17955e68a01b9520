// psephos-client: one device's part in a run.

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <exception>
#include <fstream>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "client/agent/agent.h"
#include "client/agent/credentials.h"
#include "client/gradient/dataset_gradient.h"
#include "client/state/state_file.h"
#include "platforms/kernels/kernels.h"
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

Model, rule, learning rate and everything else about training come from the coordinator.)";

constexpr const char* kDefaultPartition = "iid";
// Seldom, because SD cards wear: so many rounds of momentum may be lost with a power cut.
constexpr std::uint32_t kDefaultStateEvery = 50;
constexpr std::uint32_t kMaxStateEvery = 1'000'000;

struct ClientFlags {
  std::string connect;
  std::string name;
  std::string dataset = "fashion-mnist";
  std::string partition = kDefaultPartition;
  std::string part;
  std::string run;
  std::string save;
  std::string state;
  std::optional<std::uint32_t> state_every;
  std::optional<double> test_fraction;
  std::optional<std::uint32_t> seed;
  std::size_t max_parameters = wire::kDefaultMaxParameters;
  client::CredentialFlags credentials;
  bool quiet = false;
};

int fail(const std::string& text, int status) {
  fmt::print(stderr, "psephos-client: {}\n", text);
  return status;
}

struct Part {
  std::uint32_t index;  // from 0
  std::uint32_t of;
};

// "3/10": the third of ten.
Result<Part> parse_part(std::string_view text) {
  Part part{};
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, part.index);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, part.of);
    if (second.ec == std::errc{} && second.ptr == end && part.index >= 1 && part.index <= part.of) {
      --part.index;
      return part;
    }
  }
  return Error{
      fmt::format("--part '{}' is not I/N with 1 <= I <= N, e.g. 3/10 for the third of ten", text)};
}

Result<std::uint64_t> parse_run(const std::string& text) {
  if (text.empty()) return wire::kAnyRun;
  std::uint64_t run = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), run, 16);
  if (error != std::errc{} || end != text.data() + text.size() || run == 0) {
    return Error{
        fmt::format("--run '{}' is not a run's number in hex, as the coordinator prints it", text)};
  }
  return run;
}

std::string default_name(const std::optional<Part>& part) {
  if (part) return fmt::format("client-{}", part->index + 1);
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  std::string name(host);
  name.resize(std::min(name.size(), wire::kMaxNameBytes - 9));
  if (name.empty()) name = "client";
  // Devices from one image share their host's name, but not their machine-id.
  std::string machine;
  if (std::ifstream("/etc/machine-id") >> machine) {
    name += fmt::format("-{:08x}",
                        static_cast<std::uint32_t>(XXH3_64bits(machine.data(), machine.size())));
  }
  return name;
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

Result<Holding> hold(const Dataset& dataset, const PartitionRule& rule,
                     const std::optional<Part>& part, std::uint32_t seed) {
  const Part which = part.value_or(Part{0, 1});
  auto partition = make_partition(rule, {dataset.train.labels.data(), dataset.train.size()},
                                  dataset.classes, which.of, seed);
  if (!partition) return Error{"--part: " + partition.error().text};
  Holding holding;
  if (part) holding.manifest = manifest_hash(dataset, rule, *partition, seed);
  holding.part = {std::make_shared<const Partition>(std::move(*partition)), which.index};
  return holding;
}

// What the flags say of this client, in words that can be worked with.
struct Membership {
  std::string name;
  std::uint64_t run = wire::kAnyRun;
  std::optional<Part> part;
  PartitionRule rule;
  std::optional<std::uint32_t> seed;
};

// Everything that can be told wrong before a file is read or a socket opened. Usage errors.
Result<Membership> check(const ClientFlags& flags) {
  if (const auto endpoint = net::check_endpoint(flags.connect, false); !endpoint) {
    return Error{"--connect: " + endpoint.error().text};
  }
  if (const auto checked = client::check_credentials(flags.credentials, flags.connect); !checked) {
    return checked.error();
  }
  Membership membership;
  if (!flags.part.empty()) {
    const auto part = parse_part(flags.part);
    if (!part) return part.error();
    membership.part = *part;
  }
  // All parts must come from one partition: where nobody says which, the other programs' default.
  membership.seed = flags.seed || !membership.part ? flags.seed : RunOptions{}.seed;
  const auto rule = parse_partition(flags.partition);
  if (!rule) return rule.error();
  membership.rule = *rule;
  const auto run = parse_run(flags.run);
  if (!run) return run.error();
  membership.run = *run;
  if (flags.part.empty() && flags.partition != kDefaultPartition) {
    return Error{
        "--partition goes with --part I/N: without it the whole data set is this client's"};
  }
  membership.name = flags.name.empty() ? default_name(membership.part) : flags.name;
  if (const auto checked = wire::check_name(membership.name); !checked) {
    return Error{"--name: " + checked.error().text};
  }
  if (flags.state_every && flags.state.empty()) {
    return Error{"--state-every goes with --state FILE: without it nothing is kept"};
  }
  if (const auto known = check_dataset_words(flags.dataset, flags.test_fraction); !known)
    return known.error();
  return membership;
}

Result<std::string> membership_in_words(const ClientFlags& flags) {
  const auto membership = check(flags);
  if (!membership) return membership.error();
  const std::string holding =
      flags.part.empty() ? ""
                         : fmt::format(" (part {} of partition {})", flags.part, flags.partition);
  return fmt::format("{} would take part at {} with {}{};\nthe coordinator decides what is trained",
                     membership->name, flags.connect, flags.dataset, holding);
}

int save(const std::string& path, std::span<const float> parameters) {
  const auto saved = replace_file(path, npy_bytes(parameters));
  return saved ? kExitSuccess : fail("--save: " + saved.error().text, kExitFailure);
}

// The key to begin with, and where the client stood; both from --state where that has them.
Result<client::StateFile::Opened> open_state(client::StateFile& file, const ClientFlags& flags,
                                             bool key_is_given, PhiloxKey key) {
  if (flags.state.empty()) return client::StateFile::Opened{{key, {}}, {}};
  if (const auto possible = check_replaceable(flags.state); !possible) return possible.error();
  return file.open(key_is_given ? std::optional(key) : std::nullopt, key);
}

int take_part(const ClientFlags& flags, const ConfigSource& source) {
  const auto membership = check(flags);
  if (!membership) return fail(source.explain(membership.error().text), kExitUsage);
  const auto& [name, run, part, rule, seed] = *membership;
  if (!flags.save.empty()) {
    if (const auto possible = check_replaceable(flags.save); !possible) {
      return fail("--save: " + possible.error().text, kExitFailure);
    }
  }
  const auto curve = client::read_credentials(flags.credentials);
  if (!curve) return fail(curve.error().text, kExitFailure);
  // Parts are cut from what the other programs train on. Data of this client alone need hold
  // nothing back: the test set is the coordinator's.
  std::optional<double> test_fraction = flags.test_fraction;
  if (!test_fraction && !part && !brings_test_set(flags.dataset)) test_fraction = 0;
  const auto dataset = load_dataset(flags.dataset, DatasetParts::kTrainOnly, test_fraction);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  auto holding = hold(**dataset, rule, part, seed.value_or(0));
  if (!holding) return fail(source.explain(holding.error().text), kExitUsage);

  // Without a seed nobody else can know this client's batches and coins.
  PhiloxKey key{seed.value_or(0), stream_of(part, name)};
  if (!seed) {
    const std::uint64_t secret = random_identifier();
    key = {static_cast<std::uint32_t>(secret), static_cast<std::uint32_t>(secret >> 32)};
  }
  SystemDisk disk;
  client::StateFile state_file(disk, flags.state, flags.max_parameters);
  auto opened = open_state(state_file, flags, seed.has_value(), key);
  if (!opened) return fail("--state: " + opened.error().text, kExitFailure);
  key = opened->state.key;
  client::AgentOptions options;
  options.endpoint = flags.connect;
  options.curve = *curve;
  options.watched = true;
  options.session.name = name;
  options.session.run = run;
  options.session.max_parameters = flags.max_parameters;
  options.session.samples = holding->part.size();
  options.session.data_manifest = holding->manifest;
  options.session.arithmetic = fmt::format("{}/{}", arithmetic_set(), kernels::kernels().name);
  options.session.key = key;
  if (!flags.state.empty()) {
    options.session.save_every = flags.state_every.value_or(kDefaultStateEvery);
  }
  if (auto& run_state = opened->state.run) {
    options.session.restored = std::make_shared<const client::RunState>(*std::move(run_state));
  }

  const auto note = [&flags, &name = name](const client::Note& said) {
    if (!flags.quiet) fmt::print(stderr, "{}: {}\n", name, said.text);
  };
  note({fmt::format("{} samples of {}, kernels {}, connecting to {}", options.session.samples,
                    flags.dataset, kernels::kernels().name, flags.connect)});
  for (std::string& text : opened->notes) note({std::move(text)});
  // Not an error: a device may start before its network does.
  if (const auto found = net::check_host(flags.connect); !found) note({found.error().text});
  catch_interrupts(2);
  net::Context context(16);
  auto worker = std::make_unique<client::Worker>(
      client::dataset_gradient(std::make_shared<client::ModelPools>(*dataset),
                               std::move(holding->part)),
      key);
  worker->keep_state_in(state_file);
  client::Agent agent(context, std::move(options), std::move(worker), note);
  const auto outcome = agent.run([] { return interrupts() > 0; });
  if (!outcome) return fail(outcome.error().text, kExitFailure);
  if (outcome->ending == client::Ending::kFailed) return fail(outcome->text, kExitFailure);
  if (outcome->mismatches > 0) {
    note({fmt::format("the replica had to be replaced {} times", outcome->mismatches)});
  }
  if (outcome->ending == client::Ending::kStopped) {
    if (!outcome->joined) {
      fmt::print("{}: stopped before it held a replica\n", name);
      return interrupted_exit_status();
    }
    fmt::print("{}: stopped at round {}, fingerprint {}\n", name, outcome->round,
               format_hex(outcome->fingerprint));
    return interrupted_exit_status();
  }
  fmt::print("{}: finished after {} rounds, fingerprint {}\n", name, outcome->round,
             format_hex(outcome->fingerprint));
  return flags.save.empty() ? kExitSuccess : save(flags.save, agent.worker().parameters());
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
  app.add_option("--connect", flags.connect, "the coordinator: tcp://HOST:PORT")
      ->type_name("ENDPOINT")
      ->required()
      ->group("Network");
  app.add_option("--name", flags.name,
                 "who this is, unique in the run [client-I with --part I/N, else\n"
                 "the host's name]")
      ->type_name("NAME")
      ->group("Network");
  app.add_option("--run", flags.run, "take part in this run only (its number in hex) [any]")
      ->type_name("HEX")
      ->group("Network");
  app.add_option("--max-parameters", flags.max_parameters, "refuse larger models")
      ->type_name("N")
      ->check(whole_number(1, kMaxParameters))
      ->capture_default_str()
      ->group("Network");
  client::add_credential_options(app, flags.credentials);
  app.add_option("--dataset", flags.dataset,
                 "fashion-mnist, synthetic, idx:DIR (files as MNIST's),\n"
                 "npy:IMAGES,LABELS (two files of numpy.save) or\n"
                 "csv:FILE:LABEL_COLUMN (a name, or a number from 1)")
      ->type_name("NAME")
      ->capture_default_str()
      ->group("Data");
  app.add_option("--test-fraction", flags.test_fraction,
                 "share of npy: and csv: data that is not trained on [0.2 with\n"
                 "--part, as the coordinator's default; else 0]")
      ->type_name("SHARE")
      ->check(real_number(0, kMaxTestFraction))
      ->group("Data");
  app.add_option("--part", flags.part, "hold the I-th of N parts of the data set [all of it]")
      ->type_name("I/N")
      ->group("Data");
  app.add_option("--partition", flags.partition,
                 "how parts are cut: iid, shards:K, dirichlet:A or random:N")
      ->type_name("RULE")
      ->capture_default_str()
      ->group("Data");
  app.add_option("--seed", flags.seed,
                 "for experiments: fixes partition, batches and coins [1 with\n"
                 "--part, as the coordinator's default; else secret]")
      ->type_name("N")
      ->check(whole_number())
      ->group("Data");
  app.add_option("--state", flags.state,
                 "keep what must not be lost in this file: the secret seed,\n"
                 "where this client stands, its momentum [nothing is kept]")
      ->type_name("FILE")
      ->group("Output");
  app.add_option("--state-every", flags.state_every,
                 "rounds between writes to it; it is also written at the end.\n"
                 "With 1 a crash changes nothing of the run [50]")
      ->type_name("ROUNDS")
      ->check(whole_number(1, kMaxStateEvery))
      ->group("Output");
  app.add_option("--save", flags.save, "write the final parameters to this .npy file")
      ->type_name("FILE")
      ->configurable(false)
      ->group("Output");
  app.add_flag("--quiet", flags.quiet, "no log lines")->configurable(false)->group("Output");
  refuse_run_options(app);
  if (argc > 1 && std::string_view(argv[1]) == kCheckConfig) {
    return check_config_main(app, source, argc - 1, argv + 1,
                             [&flags] { return membership_in_words(flags); });
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
