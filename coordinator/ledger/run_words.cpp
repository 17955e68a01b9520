#include "coordinator/ledger/run_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "runtime/base/units.h"

namespace psephos::coordinator {
namespace {

// They change no decision.
constexpr std::array<std::string_view, 2> kMayChange = {"--max-clients", "--eval-every"};

std::string_view flag_of(std::string_view line) { return line.substr(0, line.find(' ')); }

// Takes the next line that may not change off `text`; empty where there is none.
std::string_view take_fixed_line(std::string_view& text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (std::ranges::find(kMayChange, flag_of(line)) == kMayChange.end()) return line;
  }
  return {};
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
  add("--algorithm", to_string(hyper.worker));
  add("--ballot", to_string(hyper.ballot));
  add("--batch", config.batch);
  add("--local-steps", local_steps_to_string(hyper.local_steps));
  add("--local-lr", config.local_lr);
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
  add("--max-clients", config.max_clients);
  add("--eval-every", config.eval_every);
  add("--client-eval", config.client_eval);
  add("tensors", format_hex(tensors_hash(tensors)));
  add("partition", format_hex(data_manifest));
  if (held_out != 0) add("dataset", format_hex(held_out));
  return words;
}

Result<RunRules> rules_of(std::string_view words) {
  const auto value = [words](std::string_view flag) {
    std::string_view rest = words;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (flag_of(line) == flag) return line.substr(std::min(flag.size() + 1, line.size()));
    }
    return std::string_view();
  };
  auto decision = parse_decision_rule(value("--decision"));
  if (!decision) return decision.error();
  const auto downlink = parse_downlink(value("--downlink"));
  if (!downlink) return downlink.error();
  RunRules rules{*std::move(decision), *downlink, 0};
  const std::string_view seed = value("--seed");
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), rules.seed);
  if (error != std::errc{} || end != seed.data() + seed.size()) return Error{"its seed is missing"};
  return rules;
}

std::string tensors_text(const TensorTable& tensors) {
  std::string text;
  for (const TensorEntry& tensor : tensors) {
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", tensor.count, tensor.init_scale,
                   tensor.name);
  }
  return text;
}

Result<TensorTable> tensors_of(std::string_view text) {
  const Error malformed{"a list of tensors is malformed"};
  TensorTable tensors;
  std::uint64_t offset = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || tensors.size() == kMaxTensors) return malformed;
    const char* const stop = text.data() + end;
    TensorEntry tensor;
    tensor.offset = static_cast<std::uint32_t>(offset);
    const auto count = std::from_chars(text.data(), stop, tensor.count);
    if (count.ec != std::errc{} || count.ptr == stop || *count.ptr != ' ') return malformed;
    const auto scale = std::from_chars(count.ptr + 1, stop, tensor.init_scale);
    if (scale.ec != std::errc{} || scale.ptr == stop || *scale.ptr != ' ') return malformed;
    tensor.name.assign(scale.ptr + 1, stop);
    offset += tensor.count;
    if (offset > kMaxParameters) return malformed;
    tensors.push_back(std::move(tensor));
    text.remove_prefix(end + 1);
  }
  if (!check_tensor_table(tensors, kMaxParameters)) return malformed;
  return tensors;
}

std::optional<WordsDifference> first_difference(std::string_view before, std::string_view now) {
  while (true) {
    const std::string_view was = take_fixed_line(before);
    const std::string_view is = take_fixed_line(now);
    if (was.empty() && is.empty()) return std::nullopt;
    if (was != is) {
      const auto value = [](std::string_view line) {
        const std::size_t space = line.find(' ');
        return std::string(space == std::string_view::npos ? "not set" : line.substr(space + 1));
      };
      return WordsDifference{std::string(flag_of(is.empty() ? was : is)), value(was), value(is)};
    }
  }
}

}  // namespace psephos::coordinator
