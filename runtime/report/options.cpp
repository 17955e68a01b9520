#include "runtime/report/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "runtime/run/test_fraction.h"

namespace psephos {
namespace {

constexpr const char* kTraining = "Training";
constexpr const char* kVote = "Vote";
constexpr const char* kRounds = "Rounds";
constexpr const char* kOutput = "Output";

// Names in the left column, help texts of at most 66 columns beside it: together a hundred.
constexpr std::size_t kHelpColumn = 34;

// Declares the flags of one group: each shows its default, and a repeated flag is a mistake.
class Group {
 public:
  Group(CLI::App& app, const char* name) : app_(app), name_(name) {}

  void word(const char* flag, std::string& value, const char* type, const std::string& help) {
    dress(app_.add_option(flag, value, help), type);
  }
  void number(const char* flag, std::uint32_t& value, const char* type, const char* help) {
    dress(app_.add_option(flag, value, help), type)->check(whole_number());
  }
  void number(const char* flag, double& value, const char* type, const char* help) {
    constexpr double kMost = std::numeric_limits<float>::max();
    dress(app_.add_option(flag, value, help), type)->check(real_number(-kMost, kMost));
  }
  // Without a default to show: the help text tells what holds where it is not given.
  void share(const char* flag, std::optional<double>& value, const char* help) {
    app_.add_option(flag, value, help)
        ->group(name_)
        ->type_name("SHARE")
        ->check(real_number(kMinTestFraction, kMaxTestFraction));
  }
  void flag(const char* flag, bool& value, const char* help) {
    app_.add_flag(flag, value, help)->group(name_);
  }

 private:
  CLI::Option* dress(CLI::Option* option, const char* type) {
    return option->group(name_)->type_name(type)->capture_default_str();
  }

  CLI::App& app_;
  const char* name_;
};

void add_training_options(CLI::App& app, RunOptions& options) {
  Group group(app, kTraining);
  group.word("--dataset", options.dataset, "NAME",
             "fashion-mnist, synthetic, idx:DIR (files as MNIST's),\n"
             "npy:IMAGES,LABELS (two files of numpy.save) or\n"
             "csv:FILE:LABEL_COLUMN (a name, or a number from 1)");
  group.share("--test-fraction", options.test_fraction,
              "npy: and csv: bring no test set: so much is held back as one,\n"
              "the same samples with any seed [0.2]");
  group.word("--model", options.model, "MODEL",
             "softmax, mlp:WIDTH[,WIDTH...], e.g. mlp:256,128, cnn or\n"
             "cnn:FILTERS,FILTERS,WIDTH for square images, or\n"
             "external:FILE, the clients' own, with its tensors in FILE (TOML)");
  group.word("--init", options.init, "FILE",
             "begin with these parameters, one row of '<f4' in a .npy file\n"
             "[drawn by the seed]");
  group.number("--rounds", options.rounds, "N", "votes to hold: steps of the model");
  group.number("--batch", options.batch, "N", "samples behind one gradient");
  group.number("--lr", options.lr, "RATE", "how far a decision moves each parameter, at most");
  group.word("--schedule", options.schedule, "RULE",
             "learning rate over rounds:\n" + schedules().help());
  group.number("--weight-decay", options.weight_decay, "L",
               "each round also shrinks parameters by the share lr * L");
  group.word("--local-steps", options.local_steps, "N",
             "SGD steps a client takes before it votes on where they led:\n"
             "a number (1: it votes on one gradient), or epoch");
  group.number("--local-lr", options.local_lr, "RATE", "learning rate of those steps");
  group.word("--normalisation", options.normalisation, "RULE",
             "of features: unit (divides by 255: pixels to 0..1), or\n"
             "SCALE:OFFSET (value*SCALE + OFFSET; 1:0 leaves them as they are)");
  group.number("--seed", options.seed, "N", "of every random choice: the same seed, the same run");
}

void add_vote_options(CLI::App& app, RunOptions& options) {
  Group group(app, kVote);
  group.word("--algorithm", options.algorithm, "RULE", worker_rules().help());
  group.number("--beta", options.beta, "B", "BETA of --algorithm, where that does not say it");
  group.word("--ballot", options.ballot, "RULE", ballot_rules().help());
  group.word("--decision", options.decision, "RULE", decision_rules().help());
  group.word("--downlink", options.downlink, "FORM",
             "decisions as ternary (a tie is no step), or binary (1 bit per\n"
             "parameter, ties by coin; for rules that leave nothing out)");
}

void add_round_options(CLI::App& app, RunOptions& options) {
  Group group(app, kRounds);
  group.number("--min-voters", options.min_voters, "N",
               "ballots a round needs before it may close; 0: the default");
  group.number("--target-voters", options.target_voters, "N",
               "a round closes at so many ballots; 0: waits for all expected");
  group.number("--min-clients", options.min_clients, "N",
               "clients to wait for before the first round; 0: min-voters");
  group.number("--max-clients", options.max_clients, "N", "clients admitted at one time");
  group.number("--deadline-ms", options.deadline_ms, "MS",
               "a round waits no longer than this for ballots, in ms");
  group.number("--heartbeat-ms", options.heartbeat_ms, "MS",
               "between signs of life, in ms; three missed: not live");
  group.number("--fraction", options.fraction, "SHARE",
               "of live clients drawn to vote in a round, above 0 to 1");
  group.word("--audience", options.audience, "WHO",
             "who is sent decisions: all, or drawn (the next voters only)");
  group.number("--staleness", options.staleness, "N",
               "oldest ballot that still counts, in rounds; 0: fresh only");
  group.number("--eval-every", options.eval_every, "N",
               "rounds between evaluations; 0: after the last round only");
  group.flag("--client-eval", options.client_eval,
             "ask clients, too, how well the model does on their data");
}

// Out-of-range is for check_run_config to say; the cast alone would be undefined.
float to_float(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kMost, kMost));
}

// Stores what `parsed` holds, or the first failure under its flag's name.
template <class T>
void take(Result<T> parsed, const char* flag, T& value, Status& status) {
  if (parsed) {
    value = std::move(parsed).value();
  } else if (status) {
    const std::string& text = parsed.error().text;
    status = Error{text.starts_with("--") ? text : fmt::format("{}: {}", flag, text)};
  }
}

// --beta is the number BETA of the rule that a client votes by, where its words leave it out.
Result<WorkerChoice> worker_choice(const RunOptions& options) {
  auto choice = parse_worker_rule(options.algorithm);
  if (!choice) return choice;
  const std::span<const RuleParameter> parameters = choice->rule->head.parameters;
  const bool has_beta = !parameters.empty() && parameters.front().name == "BETA";
  const bool given = options.beta != RunOptions{}.beta;
  if (!has_beta || !given) return choice;
  const auto beta = static_cast<double>(to_float(options.beta));
  if (options.algorithm.find(':') != std::string::npos) {
    if (choice->values.front() == beta) return choice;
    return Error{fmt::format("--beta {}: --algorithm {} says another: give one of them",
                             options.beta, options.algorithm)};
  }
  choice->values.front() = beta;
  if (const Status fits = check_rule(choice->rule->head, choice->values); !fits) {
    return Error{fmt::format("--beta {}: {}", options.beta, fits.error().text)};
  }
  return choice;
}

// "external:FILE" names a file of this machine: only the first word is the clients' business.
Status take_model(const RunOptions& options, RunConfig& config) {
  const std::string_view words = options.model;
  const std::string_view word = words.substr(0, words.find(':'));
  config.hyper.model = words;
  if (word != kExternalModel) return Ok{};
  config.hyper.model = word;
  config.tensors_file = words.substr(std::min(words.size(), word.size() + 1));
  if (config.tensors_file.empty()) {
    return Error{
        "--model external needs the file that lists its tensors: --model external:TENSORS.toml"};
  }
  // Nobody else can tell how good it is. Clients that are only called when drawn cannot be asked.
  if (config.hyper.audience == Audience::kAll) config.client_eval = true;
  return Ok{};
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// CLI11's exceptions as sentences of ours. Its own texts are kept where they already are one.
std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::vector<std::string> extras = app.remaining();
    if (extras.empty()) return text;
    const auto flag =
        std::ranges::find_if(extras, [](const std::string& word) { return word.starts_with('-'); });
    if (flag != extras.end()) return "there is no option " + *flag;
    return fmt::format("\"{}\" belongs to no option", extras.front());
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string flag = text.substr(0, text.find(':'));
    if (text.find("missing") != std::string::npos) return flag + ": needs a value";
    if (text.find("At Most") != std::string::npos) return flag + ": was given more than once";
  }
  constexpr std::string_view kConversion = "Could not convert: ";
  if (text.starts_with(kConversion)) return "cannot read " + text.substr(kConversion.size());
  return text;
}

}  // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) -> std::string {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stop == end && value >= least && value <= most) return {};
    return fmt::format("\"{}\" is not a whole number from {} to {}", text, least, most);
  };
  return CLI::Validator(check, "");
}

CLI::Validator real_number(double least, double most) {
  const auto check = [least, most](std::string& text) -> std::string {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value)) {
      return fmt::format("\"{}\" is not a number", text);
    }
    if (value >= least && value <= most) return {};
    return fmt::format("{} is not between {:g} and {:g}", text, least, most);
  };
  return CLI::Validator(check, "");
}

void add_run_options(CLI::App& app, RunOptions& options) {
  add_training_options(app, options);
  add_vote_options(app, options);
  add_round_options(app, options);
}

void refuse_run_options(CLI::App& app) {
  // Declared once, on an app nobody parses with, so that the two lists cannot part.
  CLI::App coordinator;
  RunOptions options;
  add_run_options(coordinator, options);
  for (const CLI::Option* option : coordinator.get_options()) {
    const std::string flag = option->get_name();
    const bool the_clients_own =
        flag == "--dataset" || flag == "--test-fraction" || flag == "--seed";
    if (the_clients_own || option == coordinator.get_help_ptr()) continue;
    const auto refuse = [flag](const std::string&) {
      throw CLI::ValidationError(flag,
                                 "the coordinator decides that; start psephos-coordinator with it");
    };
    app.add_option_function<std::string>(flag, refuse)
        ->expected(0, 1)
        ->take_last()
        ->configurable(false)
        ->group("");
  }
}

void add_output_options(CLI::App& app, OutputOptions& options) {
  app.add_option("--out", options.out,
                 "run folder to create: config, metrics, summary, final parameters")
      ->type_name("DIR")
      ->configurable(false)
      ->group(kOutput);
  app.add_flag("--json", options.json, "the summary as one JSON object on the last line of stdout")
      ->configurable(false)
      ->group(kOutput);
  app.add_flag("--quiet", options.quiet, "no progress")->configurable(false)->group(kOutput);
}

Result<RunConfig> to_run_config(const RunOptions& options) {
  RunConfig config;
  Hyperparameters& hyper = config.hyper;
  Status status = Ok{};
  take(worker_choice(options), "--algorithm", hyper.worker, status);
  take(parse_ballot_rule(options.ballot), "--ballot", hyper.ballot, status);
  take(parse_decision_rule(options.decision), "--decision", config.decision, status);
  take(parse_downlink(options.downlink), "--downlink", config.downlink, status);
  take(parse_schedule(options.schedule), "--schedule", config.schedule, status);
  take(parse_audience(options.audience), "--audience", hyper.audience, status);
  take(parse_local_steps(options.local_steps), "--local-steps", hyper.local_steps, status);
  take(parse_normalisation(options.normalisation), "--normalisation", hyper.normalisation, status);
  if (!status) return status.error();
  if (options.local_lr > kMaxLearningRate) {
    return Error{
        fmt::format("--local-lr {}: must be at most {}", options.local_lr, kMaxLearningRate)};
  }

  hyper.rounds = options.rounds;
  hyper.seed = options.seed;
  config.batch = options.batch;
  config.local_lr = to_float(options.local_lr);
  hyper.staleness = options.staleness;
  hyper.heartbeat_ms = options.heartbeat_ms;
  config.lr = options.lr;
  config.weight_decay = options.weight_decay;
  config.fraction = options.fraction;
  config.min_voters = std::max(options.min_voters, 1u);
  config.target_voters = options.target_voters;
  config.min_clients = options.min_clients;
  config.deadline_ms = options.deadline_ms;
  config.max_clients = options.max_clients;
  config.eval_every = options.eval_every;
  config.client_eval = options.client_eval;
  config.init_file = options.init;
  if (const Status taken = take_model(options, config); !taken) return taken.error();
  if (const Status checked = check_run_config(config); !checked) return checked.error();
  return config;
}

int finish_output(const char* program, int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  fmt::print(stderr, "{}: cannot write to stdout; is the disk full?\n", program);
  return status == kExitSuccess ? kExitFailure : status;
}

std::optional<int> parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  app.get_formatter()->column_width(kHelpColumn);
  app.get_help_ptr()->description("this text");
  if (app.get_version_ptr() != nullptr) app.get_version_ptr()->description("the version");
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return kExitSuccess;
  } catch (const CLI::CallForVersion& version) {
    std::puts(version.what());
    return kExitSuccess;
  } catch (const CLI::FileError& error) {
    fmt::print(stderr, "{}: {}\n", base_name(app.get_name()), error.what());
    return kExitFailure;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}: {} (try --help)\n", base_name(app.get_name()),
               usage_sentence(app, error));
    return kExitUsage;
  }
}

}  // namespace psephos
