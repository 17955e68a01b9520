#include "coordinator/ledger/run_words.h"

#include <fmt/format.h>

#include <cstring>
#include <iterator>

#include "platforms/xxh3.h"
#include "runtime/base/units.h"

namespace psephos::coordinator {
namespace {

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::string_view rest_of(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
}

}  // namespace

std::string run_words(const RunConfig& config, const TensorTable& tensors,
                      std::uint64_t data_manifest, std::uint64_t held_out) {
  const Hyperparameters& hyper = config.hyper;
  std::string words;
  const auto add = [&words](std::string_view flag, const auto& value) {
    fmt::format_to(std::back_inserter(words), "{} {}\n", flag, value);
  };
  add("--model", hyper.model);
  add("--seed", hyper.seed);
  add("--algorithm", to_string(hyper.algorithm));
  add("--beta", hyper.beta);
  add("--ballot", to_string(hyper.ballot));
  add("--batch", hyper.batch);
  add("--local-steps", local_steps_to_string(hyper.local_steps));
  add("--local-lr", hyper.local_lr);
  add("--staleness", hyper.staleness);
  add("--audience", to_string(hyper.audience));
  add("--heartbeat-ms", hyper.heartbeat_ms);
  add("--normalisation", to_string(hyper.normalisation));
  add("--decision", to_string(config.decision));
  add("--downlink", to_string(config.downlink));
  add("--lr", config.lr);
  add("--schedule", to_string(config.schedule));
  add("--weight-decay", config.weight_decay);
  add("--fraction", config.fraction);
  add("--min-voters", config.min_voters);
  add("--target-voters", config.target_voters);
  add("--min-clients", config.min_clients);
  add("--deadline-ms", config.deadline_ms);
  add("--client-eval", config.client_eval);
  add("tensors", format_hex(tensors_hash(tensors)));
  add("partition", format_hex(data_manifest));
  add("--dataset", fmt::format("with held-out samples {}", format_hex(held_out)));
  return words;
}

std::optional<WordsDifference> first_difference(std::string_view before, std::string_view now) {
  while (!before.empty() || !now.empty()) {
    const std::string_view was = first_line(before);
    const std::string_view is = first_line(now);
    if (was != is) {
      const std::string_view flag = is.empty() ? was : is;
      const auto value = [](std::string_view line) {
        const std::size_t space = line.find(' ');
        return std::string(space == std::string_view::npos ? "not set" : line.substr(space + 1));
      };
      return WordsDifference{std::string(flag.substr(0, flag.find(' '))), value(was), value(is)};
    }
    before = rest_of(before);
    now = rest_of(now);
  }
  return std::nullopt;
}

}  // namespace psephos::coordinator
