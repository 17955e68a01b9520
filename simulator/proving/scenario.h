#pragma once
// What goes wrong in one run of the proving ground. A scenario names the kinds of fault; which of
// them a seed has, and how hard they strike, is drawn from the seed ("swarm testing", Groce et al.,
// ISSTA 2012: faults that are always on hide each other).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/units.h"
#include "runtime/run/run_config.h"
#include "simulator/proving/faulty_disk.h"
#include "simulator/proving/luck.h"

namespace psephos::proving {

enum class Scenario : std::uint8_t {
  kNetwork,  // frames lost, late, twice, out of order, cut, changed, forged
  kCrashes,  // both sides die between any two actions and come back
  kDisk,     // crashes; the ledger is SQLite, its disk loses power and fails
  kChurn,    // clients come late, stay away, leave
  kClocks,   // clocks leap
  kLiars,    // some clients send what no honest one does
  kCounter,  // ballots are read late, the counter answers late and loses tallies
  kAll,      // any of these; of the disk, with SQLite alone
  kCanary,   // as kCrashes, but the ledger forgets a decision at each crash: must be found out
};

Result<Scenario> parse_scenario(std::string_view text);
std::string to_string(Scenario scenario);
// "network, crashes, ...": for --help.
std::string scenario_words();

// Probabilities are per frame sent, per action performed or per tick, as named.
struct Intensities {
  // per frame
  double lose = 0;
  double repeat = 0;
  double overtake = 0;  // delayed, so that later ones arrive before it
  double damage = 0;    // bits turned or the end cut off
  double forge = 0;     // a stranger sends something, too
  double break_connection = 0;
  Duration latency{0};  // median

  // per action
  double crash_client = 0;
  double crash_coordinator = 0;

  bool sqlite = false;
  DiskFaults disk;
  double flip = 0;         // per start of the coordinator: a bit of the ledger has turned
  double state_fails = 0;  // per state that a client keeps
  bool forgets = false;    // the canary

  // of the coordinator's hands
  double read_delay = 0;     // per ballot: it is read later
  double counter_delay = 0;  // per answer of the counter: it comes later
  double lose_tally = 0;     // per ballot counted and per close: the counter loses what it holds
  double stop = 0;           // per late answer: meanwhile somebody asks the coordinator to stop

  // per tick
  double leave = 0;  // a client goes away for a while
  double leap = 0;   // a clock leaps ahead

  double late_joiners = 0;  // share of clients
  std::uint32_t liars = 0;
  double lie = 0;  // per frame sent by a liar
};

// A run as the seed has it.
struct Plan {
  RunConfig config;
  std::uint32_t clients = 0;
  bool keyed = false;            // identities are keys that CURVE vouches for
  std::uint32_t save_every = 0;  // rounds between states that clients keep; 0: they keep none
  Intensities faults;
  Duration heal_at{0};  // faults end here, or when the run nears its end
};

inline constexpr std::uint32_t kRounds = 50;  // of every run, at least

// `sqlite`: the ledger is SQLite even where the scenario does not ask for it; in kAll its disk
// fails, too.
Plan draw_plan(Scenario scenario, std::uint32_t seed, bool sqlite);

}  // namespace psephos::proving
