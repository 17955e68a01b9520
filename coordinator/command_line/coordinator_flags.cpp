#include "coordinator/command_line/coordinator_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "runtime/data/dataset.h"
#include "runtime/data/partition.h"
#include "runtime/net/sockets.h"
#include "runtime/report/check_config.h"

namespace psephos::coordinator {

void add_coordinator_options(CLI::App& app, RunOptions& options, CoordinatorFlags& flags) {
  options.min_voters = 1;
  app.add_option("--bind", flags.bind, "where to listen: tcp://HOST:PORT; port 0 takes a free one")
      ->type_name("ENDPOINT")
      ->capture_default_str()
      ->group("Network");
  app.add_option("--endpoint-file", flags.endpoint_file,
                 "where to write the real endpoint once bound: see port 0")
      ->type_name("FILE")
      ->configurable(false)
      ->group("Network");
  app.add_option("--ledger", flags.ledger,
                 "keep the run in this file: started again with it, the run goes\n"
                 "on where it was (psephos-ledger shows what is in it)")
      ->type_name("FILE")
      ->configurable(false)
      ->group("Ledger");
  add_entrance_options(app, flags.entrance);
  add_run_options(app, options);
  app.add_option("--warm-start", flags.warm_start,
                 "begin with the newest parameters of another run's ledger")
      ->type_name("FILE")
      ->group("Training");
  app.get_option("--min-voters")
      ->description(
          "ballots a round needs before it may close; the first round\n"
          "also waits for so many clients");
  app.add_option("--partition", flags.partition,
                 "refuse clients whose --part is of another partition than this\n"
                 "of --dataset: iid, shards:K, dirichlet:A or random:N")
      ->type_name("RULE")
      ->group("Training");
  app.add_option("--parts", flags.parts, "number of parts of --partition")
      ->type_name("N")
      ->check(whole_number(1, 0xffffffff))
      ->group("Training");
}

Result<RunConfig> check_coordinator_flags(const RunOptions& options,
                                          const CoordinatorFlags& flags) {
  if (const auto known = check_dataset_words(options.dataset, options.test_fraction); !known)
    return known.error();
  auto config = to_run_config(options);
  if (!config) return config.error();
  config->max_joins_per_second = flags.entrance.max_handshakes;
  if (const auto endpoint = net::check_endpoint(flags.bind, true); !endpoint) {
    return Error{"--bind: " + endpoint.error().text};
  }
  if (const auto checked = check_entrance(flags.entrance, flags.bind); !checked) {
    return checked.error();
  }
  if (!flags.warm_start.empty() && !options.init.empty()) {
    return Error{"--warm-start and --init are two beginnings: give one of them"};
  }
  if (flags.partition.empty() != (flags.parts == 0)) {
    return Error{"--partition and --parts go together"};
  }
  if (!flags.partition.empty()) {
    if (const auto rule = parse_partition(flags.partition); !rule) return rule.error();
  }
  const bool external = !config->tensors_file.empty();
  if (external && (!flags.partition.empty() || options.dataset != RunOptions{}.dataset)) {
    return Error{
        "--dataset and --partition go with a model of ours: of an external one the clients alone "
        "hold data; leave them out"};
  }
  return config;
}

Result<std::string> lead_in_words(const RunOptions& options, const CoordinatorFlags& flags) {
  const auto config = check_coordinator_flags(options, flags);
  if (!config) return config.error();
  return fmt::format(
      "at {} it would lead {};\n"
      "the first round waits for {} clients, a round needs {} ballots and waits for more for "
      "at most {} ms",
      flags.bind, training_in_words(options), std::max(config->min_voters, config->min_clients),
      config->min_voters, config->deadline_ms);
}

}  // namespace psephos::coordinator
