#include "runtime/wire/describe.h"

#include <fmt/format.h>

#include <variant>

#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"

namespace psephos::wire {
namespace {

std::string round_word(std::uint32_t round) {
  return round == kNoRound ? "none" : std::to_string(round);
}

std::string asked(bool vote, bool evaluate) {
  return fmt::format("{}{}", vote ? ", vote" : "", evaluate ? ", evaluate" : "");
}

struct Describe {
  std::string operator()(const Join& m) const {
    return fmt::format("Join as {} with round {}", m.name, round_word(m.have_round));
  }
  std::string operator()(const Ballot& m) const {
    return fmt::format("Ballot {}, {} bytes of planes", m.round, m.planes.size());
  }
  std::string operator()(const CatchUp& m) const {
    return m.checkpoint == kNoRound
               ? fmt::format("CatchUp from round {}", round_word(m.have_round))
               : fmt::format("CatchUp for chunk {} of checkpoint {}", m.chunk, m.checkpoint);
  }
  std::string operator()(const Evaluation& m) const {
    return fmt::format("Evaluation of round {}: loss {:.4f}, accuracy {:.4f}", m.round, m.loss,
                       m.accuracy);
  }
  std::string operator()(const Heartbeat& m) const {
    return fmt::format("Heartbeat, round {}", round_word(m.round));
  }
  std::string operator()(const Leave& m) const {
    return fmt::format("Leave, reason {}", static_cast<unsigned>(m.reason));
  }
  std::string operator()(const Welcome& m) const {
    return fmt::format("Welcome to round {} as slot {}{}", m.round, m.slot,
                       asked(m.vote, m.evaluate));
  }
  std::string operator()(const Decision& m) const {
    return fmt::format("Decision {} of {} voters, {} bytes of planes, {} {} of {} slots{}", m.round,
                       m.voters, m.planes.size(), m.counted.counted ? "counted" : "not counted",
                       m.counted.slots.size(), m.counted.given, asked(m.vote, m.evaluate));
  }
  std::string operator()(const Past& m) const {
    const std::string what = m.chunk ? fmt::format("chunk {} of {} of checkpoint {}",
                                                   m.chunk->chunk, m.chunk->chunks, m.chunk->round)
                                     : fmt::format("decisions {} to {}", m.decisions.front().round,
                                                   m.decisions.back().round);
    return fmt::format("Past from round {}, {}, counted through {}{}", round_word(m.have_round),
                       what, round_word(m.counted_through), asked(m.vote, m.evaluate));
  }
  std::string operator()(const Call& m) const { return fmt::format("Call to round {}", m.round); }
  std::string operator()(const Finished& m) const {
    return fmt::format("Finished after {} rounds, reason {}", m.rounds,
                       static_cast<unsigned>(m.reason));
  }
  std::string operator()(const Refusal& m) const {
    return fmt::format("Refusal {}: {}", refusal_word(m.code), m.text);
  }
  std::string operator()(const UnknownMessage& m) const {
    return fmt::format("message of type {}, unknown here", m.type);
  }
};

template <class Message>
std::string in_words(const Result<Message>& message) {
  return message ? std::visit(Describe{}, *message) : message.error().text;
}

}  // namespace

std::string describe_client_frame(std::span<const std::uint8_t> frame, std::size_t parameters) {
  return in_words(read_client_frame(frame, parameters));
}

std::string describe_coordinator_frame(std::span<const std::uint8_t> frame,
                                       std::size_t max_parameters) {
  return in_words(read_coordinator_frame(frame, max_parameters));
}

}  // namespace psephos::wire
