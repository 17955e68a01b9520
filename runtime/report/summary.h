#pragma once
// The end of a run: summary.json, the --json line and the text a person reads.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/report/net_counters.h"
#include "runtime/run/observations.h"

namespace psephos {

struct Summary {
  std::string program;
  bool interrupted = false;
  std::optional<double> accuracy;  // of the last evaluation
  std::optional<double> loss;
  // Whose data they are of: "held-out" (the coordinator's test set) or, where it has none,
  // "clients" (what they report, weighted by samples). Empty: not evaluated.
  std::string accuracy_of;
  std::uint32_t rounds = 0;  // finished
  std::uint64_t d = 0;
  std::uint32_t clients = 0;
  double bits_up_per_parameter = 0;       // mean over counted ballots
  double bits_down_per_parameter = 0;     // mean over decisions
  std::uint64_t frame_overhead_up = 0;    // largest, bytes of a ballot frame that are not planes
  std::uint64_t frame_overhead_down = 0;  // likewise of a decision frame
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t fingerprint = 0;
  double wall_s = 0;
  std::optional<double>
      gradient_s;        // summed over clients; absent where clients are other processes
  double virtual_s = 0;  // virtual clock (memory simulation), else equal to wall_s
  double rounds_per_s = 0;
  std::string arithmetic;
  std::uint32_t seed = 0;
  std::uint64_t run = 0;
  std::string stopped_because;  // "finished", "interrupted", ...
  // For the comparison with fp32: ballots counted in all rounds, and decisions sent (one per client
  // and round). Where absent, every client is taken to have had its part in every round.
  std::optional<std::uint64_t> ballots_counted;
  std::optional<std::uint64_t> decisions_sent;
  std::optional<NetCounters> net;  // absent where there is no port
};

// One line of JSON, keys as the fields above, those of `net` as net_connections and so on:
// fingerprint and run as sixteen hex digits, what is absent as null, measurements to six
// significant digits.
std::string to_json(const Summary& summary);

// The lines for a person, each ended by a newline: accuracy, time, and what crossed the wire beside
// what fp32 gradients would have cost (4 bytes per parameter per ballot up and per client and
// decision down).
std::string describe(const Summary& summary);

// A sentence per client counted in under 10 % of its invitations (of at least ten):
// late-equals-abstain removes its data. Beyond twenty of them one sentence counts the rest.
std::vector<std::string> neglected_clients(const std::vector<ClientRow>& clients);

}  // namespace psephos
