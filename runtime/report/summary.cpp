#include "runtime/report/summary.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "runtime/base/units.h"

namespace psephos {
namespace {

// Neglected: counted in under a tenth of at least this many invitations.
constexpr std::uint64_t kFewInvitations = 10;
// Of ten thousand clients a thousand may be too slow: some are named, the rest counted.
constexpr std::size_t kMostNamed = 20;

// Six significant digits: a measurement knows no more, and the file stays readable.
double rounded(double value) {
  const std::string text = fmt::format("{:.6g}", value);
  double result = value;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

nlohmann::ordered_json rounded_or_null(const std::optional<double>& value) {
  if (!value) return nullptr;
  return rounded(*value);
}

void add_line(std::string& text, std::string_view label, const std::string& words) {
  text += fmt::format("{:<12} {}\n", fmt::format("{}:", label), words);
}

std::string describe_result(const Summary& summary) {
  if (!summary.accuracy) return "not evaluated";
  std::string words = fmt::format("{:.4f}", *summary.accuracy);
  if (summary.loss) words += fmt::format(", loss {:.4f}", *summary.loss);
  if (summary.accuracy_of == "clients") words += " (as clients report of their own data)";
  return words;
}

std::string describe_time(const Summary& summary) {
  std::string words = fmt::format("{}, {:.{}f} rounds/s", format_duration(summary.wall_s),
                                  summary.rounds_per_s, summary.rounds_per_s < 10 ? 2 : 0);
  if (summary.gradient_s) {
    words += fmt::format("; gradients {} over all clients", format_duration(*summary.gradient_s));
  }
  if (summary.virtual_s > 0 && rounded(summary.virtual_s) != rounded(summary.wall_s)) {
    words += fmt::format("; {} on the virtual clock", format_duration(summary.virtual_s));
  }
  return words;
}

// The bytes that crossed the wire beside those of the same run with gradients in fp32.
std::string describe_wire(const Summary& summary) {
  const std::uint64_t everyone = std::uint64_t{summary.clients} * summary.rounds;
  const std::uint64_t ballots = summary.ballots_counted.value_or(everyone);
  const std::uint64_t decisions = summary.decisions_sent.value_or(everyone);
  const std::uint64_t fp32_up = 4 * summary.d * ballots;
  const std::uint64_t fp32_down = 4 * summary.d * decisions;

  std::string words =
      fmt::format("{} up, {} down; fp32 gradients would have cost {} up and {} down",
                  format_bytes(summary.bytes_up), format_bytes(summary.bytes_down),
                  format_bytes(fp32_up), format_bytes(fp32_down));
  const std::uint64_t ours = summary.bytes_up + summary.bytes_down;
  if (ours == 0 || fp32_up + fp32_down == 0) return words;
  const double ratio = static_cast<double>(fp32_up + fp32_down) / static_cast<double>(ours);
  if (ratio >= 1) return words + fmt::format(": {:.{}f} times less", ratio, ratio < 9.95 ? 1 : 0);
  return words + fmt::format(": {:.1f} times more", 1 / ratio);
}

struct NetField {
  const char* key;
  std::uint64_t NetCounters::*counter;
};

constexpr NetField kNetFields[] = {
    {"net_connections", &NetCounters::connections},
    {"net_accepts_failed", &NetCounters::accepts_failed},
    {"net_disconnections", &NetCounters::disconnections},
    {"net_handshakes_failed", &NetCounters::handshakes_failed},
    {"net_keys_refused", &NetCounters::keys_refused},
    {"net_handshakes_put_off", &NetCounters::handshakes_put_off},
    {"net_keys_put_off", &NetCounters::keys_put_off},
    {"net_joins_put_off", &NetCounters::joins_put_off},
    {"net_joins_refused_full", &NetCounters::joins_refused_full},
    {"net_catch_ups_put_off", &NetCounters::catch_ups_put_off},
    {"net_frames_malformed", &NetCounters::frames_malformed},
    {"net_frames_not_allowed", &NetCounters::frames_not_allowed},
    {"net_frames_skipped", &NetCounters::frames_skipped},
    {"net_frames_undelivered", &NetCounters::frames_undelivered},
    {"net_takeover_alarms", &NetCounters::takeover_alarms},
};

}  // namespace

std::string to_json(const Summary& summary) {
  nlohmann::ordered_json json;
  json["program"] = summary.program;
  json["interrupted"] = summary.interrupted;
  json["stopped_because"] = summary.stopped_because;
  json["accuracy"] = rounded_or_null(summary.accuracy);
  json["loss"] = rounded_or_null(summary.loss);
  json["accuracy_of"] = summary.accuracy_of.empty() ? nlohmann::ordered_json(nullptr)
                                                    : nlohmann::ordered_json(summary.accuracy_of);
  json["rounds"] = summary.rounds;
  json["d"] = summary.d;
  json["clients"] = summary.clients;
  json["bits_up_per_parameter"] = rounded(summary.bits_up_per_parameter);
  json["bits_down_per_parameter"] = rounded(summary.bits_down_per_parameter);
  json["frame_overhead_up"] = summary.frame_overhead_up;
  json["frame_overhead_down"] = summary.frame_overhead_down;
  json["bytes_up"] = summary.bytes_up;
  json["bytes_down"] = summary.bytes_down;
  json["fingerprint"] = format_hex(summary.fingerprint);
  json["wall_s"] = rounded(summary.wall_s);
  json["gradient_s"] = rounded_or_null(summary.gradient_s);
  json["virtual_s"] = rounded(summary.virtual_s);
  json["rounds_per_s"] = rounded(summary.rounds_per_s);
  json["arithmetic"] = summary.arithmetic;
  json["seed"] = summary.seed;
  json["run"] = format_hex(summary.run);
  const auto count_or_null = [](const std::optional<std::uint64_t>& count) {
    return count ? nlohmann::ordered_json(*count) : nlohmann::ordered_json(nullptr);
  };
  json["ballots_counted"] = count_or_null(summary.ballots_counted);
  json["decisions_sent"] = count_or_null(summary.decisions_sent);
  for (const auto& [key, counter] : kNetFields) {
    json[key] = summary.net ? nlohmann::ordered_json((*summary.net).*counter)
                            : nlohmann::ordered_json(nullptr);
  }
  // Text from elsewhere may not be UTF-8; the line must be JSON nevertheless.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string describe(const Summary& summary) {
  std::string text;
  add_line(text, "accuracy", describe_result(summary));
  add_line(
      text, "rounds",
      fmt::format("{}, {} clients, {} parameters{}", summary.rounds, summary.clients, summary.d,
                  summary.stopped_because.empty() || summary.stopped_because == "finished"
                      ? ""
                      : fmt::format(" ({})", summary.stopped_because)));
  add_line(text, "time", describe_time(summary));
  add_line(text, "on the wire", describe_wire(summary));
  add_line(text, "encoded",
           fmt::format("{:.3f} bits per parameter up, {:.3f} down; the rest of a frame: "
                       "{} bytes up, {} down at most",
                       summary.bits_up_per_parameter, summary.bits_down_per_parameter,
                       summary.frame_overhead_up, summary.frame_overhead_down));
  add_line(text, "fingerprint",
           fmt::format("{} (seed {}, {})", format_hex(summary.fingerprint), summary.seed,
                       summary.arithmetic));
  return text;
}

std::vector<std::string> neglected_clients(const std::vector<ClientRow>& clients) {
  std::vector<std::string> sentences;
  std::size_t unnamed = 0;
  for (const ClientRow& client : clients) {
    if (client.invited < kFewInvitations || client.counted * 10 >= client.invited) continue;
    if (sentences.size() == kMostNamed) {
      ++unnamed;
      continue;
    }
    sentences.push_back(
        fmt::format("{} was counted in {} of the {} rounds it was invited to ({} late): the model "
                    "hardly knows its data; give it more time (--deadline-ms) or less work",
                    client.name, client.counted, client.invited, client.late));
  }
  if (unnamed > 0) {
    sentences.push_back(
        fmt::format("{} more were counted as seldom; clients.csv (--out) has them all", unnamed));
  }
  return sentences;
}

}  // namespace psephos
