#include "coordinator/server/first_times.h"

#include <array>

namespace psephos::coordinator {
namespace {

struct Sentence {
  std::uint64_t NetCounters::*counter;
  const char* text;
};

// Keys that were refused or put off, and alarms, are not among them: each of those has a line of
// its own. Connections that end, and frames for those who have gone, are everyday things.
constexpr std::array<Sentence, 9> kSentences = {{
    {&NetCounters::accepts_failed,
     "a connection found no free descriptor: raise the limit of open files (ulimit -n), and keep "
     "strangers off the port with a firewall"},
    {&NetCounters::handshakes_failed,
     "a connection failed its handshake: a client with another coordinator's key or none, or "
     "something that is no client"},
    {&NetCounters::handshakes_put_off,
     "more handshakes than --max-handshakes in a second: the rest are put off and come back"},
    {&NetCounters::joins_put_off,
     "more Joins in a second than --max-handshakes, or than one client is due: the rest are told "
     "how long to wait"},
    {&NetCounters::joins_refused_full,
     "all places of --max-clients are taken: whoever comes now is told to come back, and gets the "
     "place of one that is away"},
    {&NetCounters::catch_ups_put_off,
     "a client asks to catch up more often than it can use: it was told to wait"},
    {&NetCounters::frames_malformed,
     "a frame could not be read and was refused: a client of another version, or none"},
    {&NetCounters::frames_not_allowed, "a client whose key was revoked goes on speaking, unheard"},
    {&NetCounters::frames_skipped,
     "a client does not read as fast as it is written to: it was skipped, and will catch up"},
}};

}  // namespace

std::vector<std::string> FirstTimes::news(const NetCounters& counters) {
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < kSentences.size(); ++i) {
    if (counters.*kSentences[i].counter == 0 || said_.test(i)) continue;
    said_.set(i);
    sentences.emplace_back(kSentences[i].text);
  }
  return sentences;
}

}  // namespace psephos::coordinator
