#include "client/command_line/client_flags.h"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fstream>

#include "runtime/data/partition.h"
#include "runtime/models/model.h"
#include "runtime/net/sockets.h"
#include "runtime/report/options.h"

namespace psephos::client {
namespace {

constexpr std::uint32_t kMaxStateEvery = 1'000'000;

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

}  // namespace

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

Result<SaveEvery> parse_save_every(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const bool number_fits = error == std::errc{} && number >= 1 && number <= kMaxStateEvery;
  if (number_fits && unit.empty()) return SaveEvery{number, Duration{0}};
  if (number_fits && unit == "s") return SaveEvery{0, std::chrono::seconds(number)};
  if (number_fits && unit == "m") return SaveEvery{0, std::chrono::minutes(number)};
  if (number_fits && unit == "h") return SaveEvery{0, std::chrono::hours(number)};
  return Error{fmt::format(
      "--state-every '{}': write a time like 30s, 5m or 1h, or a number of rounds like 50, from 1 "
      "to {}",
      text, kMaxStateEvery)};
}

void add_client_options(CLI::App& app, ClientFlags& flags) {
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
  add_credential_options(app, flags.credentials);
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
  app.add_option("--partition", flags.partition, "how parts are cut:\n" + partition_rules().help())
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
                 "keep what must not be lost in this file, of this client alone:\n"
                 "the secret seed, where it stands, what its rules remember\n"
                 "[nothing is kept]")
      ->type_name("FILE")
      ->group("Output");
  app.add_option("--state-every", flags.state_every,
                 "how often: once in so much time (30s, 5m, 1h) or in so many\n"
                 "rounds (50); also at the end. With 1 a crash changes nothing of\n"
                 "the run; an SD card wears with every write [" +
                     std::string(kDefaultStateEvery) + "]")
      ->type_name("TIME|ROUNDS")
      ->check([](const std::string& text) {
        return text.empty() ? std::string("is empty: leave it out for the default") : std::string();
      })
      ->group("Output");
  app.add_option("--save", flags.save, "write the final parameters to this .npy file")
      ->type_name("FILE")
      ->configurable(false)
      ->group("Output");
  app.add_flag("--quiet", flags.quiet, "no log lines")->configurable(false)->group("Output");
  app.add_flag("--trace", flags.trace,
               "a line on stderr for every frame sent (->) and received (<-)")
      ->configurable(false)
      ->group("Output");
}

Result<Membership> check_client_flags(const ClientFlags& flags) {
  if (const auto endpoint = net::check_endpoint(flags.connect, false); !endpoint) {
    return Error{"--connect: " + endpoint.error().text};
  }
  if (const auto checked = check_credentials(flags.credentials, flags.connect); !checked) {
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
  if (!flags.state_every.empty() && flags.state.empty()) {
    return Error{"--state-every goes with --state FILE: without it nothing is kept"};
  }
  if (!flags.state.empty()) {
    const auto every =
        parse_save_every(flags.state_every.empty() ? kDefaultStateEvery : flags.state_every);
    if (!every) return every.error();
    membership.save_every = *every;
  }
  if (const auto known = check_dataset_words(flags.dataset, flags.test_fraction); !known)
    return known.error();
  return membership;
}

Result<std::string> membership_in_words(const ClientFlags& flags) {
  const auto membership = check_client_flags(flags);
  if (!membership) return membership.error();
  const std::string holding =
      flags.part.empty() ? ""
                         : fmt::format(" (part {} of partition {})", flags.part, flags.partition);
  return fmt::format("{} would take part at {} with {}{};\nthe coordinator decides what is trained",
                     membership->name, flags.connect, flags.dataset, holding);
}

}  // namespace psephos::client
