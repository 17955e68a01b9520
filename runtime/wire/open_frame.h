#pragma once
// What both readers share: a frame from anybody becomes a verified Message, and the small checks of
// its values. Private to runtime/wire; the generated header stays in the .cpp files.

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/replica/round_terms.h"
#include "runtime/signs/ballot_codec.h"

namespace flatbuffers {
template <class T>
class Vector;
}

namespace psephos::fb {
struct Message;
}

namespace psephos::wire {

// Size first, then identifier and FlatBuffers verification. The bytes must be 8-byte aligned
// (checked: that is ours to get right) and outlive the message. Its body may be of an unknown type,
// which the verifier lets pass unseen: nobody may look into it then.
Result<const fb::Message*> open_frame(std::span<const std::uint8_t> frame, std::size_t max_bytes);

// The reason for a CatchUp, a Leave or a Finished; one of a later version is read as the first.
template <class Reason, class Wire>
Reason known_reason(Wire reason) {
  return reason > Wire::MAX ? Reason{} : static_cast<Reason>(reason);
}

// Of a type that a later version may know.
bool is_unknown(const fb::Message& message);

// The word of the message's body ("Ballot"), which is known.
std::string body_word(const fb::Message& message);

std::span<const std::uint8_t> bytes_of(const flatbuffers::Vector<std::uint8_t>* vector);

// At most kMaxTensors values, finite and >= 0. An absent vector is an empty list. `what`: one of
// them ("scale").
Result<std::vector<float>> read_scales(std::string_view what,
                                       const flatbuffers::Vector<float>* vector);

// Terms in their ranges (runtime/replica/round_terms.h).
Result<RoundTerms> read_terms(float local_lr, std::uint32_t batch,
                              const flatbuffers::Vector<float>* scales);

// Planes whose form goes with their encoding and that are no longer than d parameters can be; their
// bits are the codec's business. `what`: "ballot" or "decision".
Status check_planes_form(std::string_view what, std::uint8_t encoding,
                         std::span<const std::uint8_t> planes, std::size_t parameters);

}  // namespace psephos::wire
