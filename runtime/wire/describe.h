#pragma once
// Frames in words, for somebody who looks on: "Ballot 41, 12728 bytes of planes".
//
// Pure functions, thread-safe.

#include <cstdint>
#include <span>
#include <string>

namespace psephos::wire {

// Of a client's frame about a model of `parameters` parameters, or of the coordinator's to a client
// that accepts up to `max_parameters`. What no reader accepts is described by its error.
std::string describe_client_frame(std::span<const std::uint8_t> frame, std::size_t parameters);
std::string describe_coordinator_frame(std::span<const std::uint8_t> frame,
                                       std::size_t max_parameters);

}  // namespace psephos::wire
