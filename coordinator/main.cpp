// psephos-coordinator: leads one run for clients that connect over the network.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <string_view>
#include <thread>
#include <utility>

#include "coordinator/command_line/coordinator_flags.h"
#include "coordinator/core/setup.h"
#include "coordinator/core/start.h"
#include "coordinator/server/entrance.h"
#include "coordinator/server/server.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/descriptors.h"
#include "runtime/base/entropy.h"
#include "runtime/base/interrupt.h"
#include "runtime/base/replace_file.h"
#include "runtime/data/partition.h"
#include "runtime/data/scale_advice.h"
#include "runtime/models/model.h"
#include "runtime/report/check_config.h"
#include "runtime/report/config_file.h"
#include "runtime/report/kernels_option.h"
#include "runtime/report/options.h"

namespace {

using namespace psephos;

constexpr const char* kExamples = R"(Examples:
  Ten devices train on this machine's word; every round waits for all of them:
    psephos-coordinator --bind tcp://127.0.0.1:5580 --min-voters 10 --rounds 1000 --schedule cosine

  Rounds close two seconds after they opened, with at least four ballots:
    psephos-coordinator --min-voters 4 --deadline-ms 2000 --out runs/today

  A hundred clients, ten of them drawn for each round:
    psephos-coordinator --min-clients 100 --min-voters 10 --fraction 0.1

  A model of your own, computed by clients of your own, from parameters trained before:
    psephos-coordinator --model external:TENSORS.toml --init x0.npy --min-voters 3

  A run that outlives its coordinator: after a crash, the same command goes on with it;
  with more --rounds, a finished run goes on, too:
    psephos-coordinator --ledger today.ledger --min-voters 4 --rounds 1000

  Settings from a file (min-voters = 4, schedule = "cosine"), after a look at what that would lead;
  and a run again, from its folder:
    psephos-coordinator check-config run.toml
    psephos-coordinator --config run.toml --rounds 1000
    psephos-coordinator --config runs/today/config.toml

  Beyond this machine, encrypted, for listed clients (psephos-keygen --help: the three steps):
    psephos-coordinator --bind tcp://*:5580 --key coordinator.key --allow clients.allow

Clients are started with: psephos-client --connect tcp://HOST:PORT --dataset ...)";

constexpr int kSockets = 16;                     // one ROUTER, and what libzmq keeps for itself
constexpr std::uint64_t kOtherDescriptors = 64;  // beside a connection a client
// For connections that are no client's yet, and may never be: each is cut off after five seconds.
constexpr std::uint64_t kStrangersDescriptors = 1024;

using coordinator::CoordinatorFlags;

int fail(const std::string& text, int status) {
  fmt::print(stderr, "psephos-coordinator: {}\n", text);
  return status;
}

// The partition that clients with --part must agree on, or 0 when none was given.
Result<std::uint64_t> expected_manifest(const CoordinatorFlags& flags, const DatasetRef& dataset,
                                        std::uint32_t seed) {
  if (flags.partition.empty()) return std::uint64_t{0};
  const auto rule = parse_partition(flags.partition);
  if (!rule) return rule.error();
  const auto partition =
      make_partition(*rule, {dataset->train.labels.data(), dataset->train.size()}, dataset->classes,
                     flags.parts, seed);
  if (!partition) return Error{"--parts: " + partition.error().text};
  return manifest_hash(*dataset, *rule, *partition, seed);
}

// The ledger's run where it has one, else a new one. `dataset`: null for an external model.
coordinator::CoordinatorOptions run_to_lead(const RunConfig& config, const DatasetRef& dataset,
                                            std::uint64_t data_manifest,
                                            coordinator::PreparedRun& prepared,
                                            const coordinator::Ledger& ledger, bool durable) {
  coordinator::CoordinatorOptions run;
  run.config = config;
  run.tensors = prepared.tensors;
  run.run = ledger.run() != nullptr ? ledger.run()->run : random_identifier();
  run.session = random_identifier();
  run.data_manifest = data_manifest;
  run.held_out = dataset != nullptr;
  run.durable = durable;
  if (dataset) run.held_out_hash = samples_hash(dataset->test);
  run.threads = std::max(1u, std::thread::hardware_concurrency());
  run.x_0 = std::move(prepared.x_0);
  return run;
}

void say_what_begins(coordinator::Reporter& reporter, const coordinator::CoordinatorOptions& run,
                     const std::string& endpoint) {
  const Hyperparameters& hyper = run.config.hyper;
  reporter.note(fmt::format("run {} on {}: {} with {} parameters, {} rounds, seed {}, kernels {}",
                            format_hex(run.run), endpoint, hyper.model,
                            parameter_count(run.tensors), hyper.rounds, hyper.seed,
                            kernels::kernels().name));
}

int lead(const RunOptions& options, const OutputOptions& output, const CoordinatorFlags& flags,
         const ConfigSource& source, const std::string& config_text) {
  const auto config = coordinator::check_coordinator_flags(options, flags);
  if (!config) return fail(source.explain(config.error().text), kExitUsage);
  const bool external = !config->tensors_file.empty();
  const auto dataset =
      external ? Result(DatasetRef())
               : load_dataset(options.dataset, DatasetParts::kTrainAndTest, options.test_fraction);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  const auto manifest = expected_manifest(flags, *dataset, options.seed);
  if (!manifest) return fail(source.explain(manifest.error().text), kExitUsage);
  auto prepared = coordinator::prepare_run(*config, *dataset);
  if (!prepared)
    return fail(source.explain(prepared.error().text), external ? kExitFailure : kExitUsage);
  auto kept = coordinator::open_ledger(flags.ledger);
  if (!kept) return fail(kept.error().text, kExitFailure);
  const bool goes_on = kept->ledger->run() != nullptr;
  // Of a run that goes on the ledger has x_0; what is given is compared with it.
  if (const auto loaded = flags.warm_start.empty()
                              ? coordinator::load_initial_parameters(*config, *prepared)
                              : coordinator::load_warm_start(flags.warm_start, *prepared);
      !loaded) {
    return fail(loaded.error().text + (goes_on ? " (the ledger's run goes on without it)" : ""),
                kExitFailure);
  }
  coordinator::CoordinatorOptions run =
      run_to_lead(*config, *dataset, *manifest, *prepared, *kept->ledger, !flags.ledger.empty());
  if (const auto same = coordinator::check_same_run(run, *kept->ledger); !same) {
    return fail(same.error().text, kExitFailure);
  }
  if (const auto votes = coordinator::check_votes(*kept->ledger); !votes) {
    return fail(votes.error().text, kExitFailure);
  }

  auto entrance = coordinator::open_entrance(flags.entrance);
  if (!entrance) return fail(entrance.error().text, kExitFailure);
  if (const auto enough =
          ensure_descriptors(config->max_clients + kStrangersDescriptors + kOtherDescriptors);
      !enough) {
    return fail("--max-clients: " + enough.error().text + ", or admit fewer clients", kExitFailure);
  }
  coordinator::Reporter reporter(output, config->hyper.rounds);
  net::Context context(kSockets);
  net::Doorman doorman(context, std::move(entrance->rules),
                       [&reporter](const std::string& line) { reporter.note_weighty(line); });
  auto socket = net::RouterSocket::bind(
      context, flags.bind, wire::coordinator_max_frame(parameter_count(prepared->tensors)),
      static_cast<int>(config->hyper.heartbeat_ms), entrance->curve, &doorman);
  if (!socket) return fail(socket.error().text, kExitFailure);

  const std::string endpoint = socket->endpoint();
  // A run folder is not begun by a run that cannot be found.
  if (!flags.endpoint_file.empty()) {
    if (const auto possible = check_replaceable(flags.endpoint_file); !possible) {
      return fail("--endpoint-file: " + possible.error().text, kExitFailure);
    }
  }
  if (const auto opened = reporter.open_folder(config_text, goes_on); !opened) {
    return fail(opened.error().text, kExitFailure);
  }
  if (!flags.endpoint_file.empty()) {
    if (const auto written = replace_file(flags.endpoint_file, endpoint + "\n"); !written) {
      return fail("--endpoint-file: " + written.error().text, kExitFailure);
    }
  }
  // The first ends the run in order, the second does not wait for clients, the third for nothing.
  catch_interrupts(3);
  say_what_begins(reporter, run, endpoint);
  for (const std::string& note : kept->notes) reporter.note(note);
  const std::uint32_t round = kept->ledger->rounds();
  if (goes_on) reporter.note(fmt::format("going on at round {} of {}", round, flags.ledger));
  reporter.note(entrance->in_words);
  if (!external) {
    if (const auto advice = scale_advice(**dataset, config->hyper.normalisation)) {
      reporter.note(*advice);
    }
  }
  const std::uint32_t crowd = round == 0 ? config->min_clients : 0;
  reporter.note(fmt::format("waiting for {} clients", std::max(config->min_voters, crowd)));

  coordinator::Server server(std::move(*socket), std::move(run), std::move(kept->ledger),
                             std::move(prepared->held_out), reporter, &doorman);
  server.run(interrupts);
  Summary summary = server.coordinator().summary();
  summary.program = "psephos-coordinator";
  summary.net = server.net_counters();
  summary.arithmetic = arithmetic_set();
  if (const auto written = reporter.finish(summary, server.coordinator()); !written) {
    return fail(written.error().text, kExitFailure);
  }
  return summary.interrupted ? interrupted_exit_status() : kExitSuccess;
}

int run(int argc, const char* const* argv) {
  CLI::App app(
      "Leads a federated training run: counts the clients' one-bit ballots round by round and\n"
      "sends back one decision that every replica applies.",
      "psephos-coordinator");
  app.footer(kExamples);
  app.set_version_flag("--version", [] { return version_text("psephos-coordinator"); });
  add_kernels_option(app);
  RunOptions options;
  OutputOptions output;
  CoordinatorFlags flags;
  ConfigSource source;
  add_config_option(app, source);
  coordinator::add_coordinator_options(app, options, flags);
  add_output_options(app, output);
  if (argc > 1 && std::string_view(argv[1]) == kCheckConfig) {
    return check_config_main(app, source, argc - 1, argv + 1,
                             [&] { return coordinator::lead_in_words(options, flags); });
  }
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  try {
    return lead(options, output, flags, source, config_as_run(app));
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailure);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return psephos::finish_output("psephos-coordinator", run(argc, argv));
}
