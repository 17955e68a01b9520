#include "runtime/wire/open_frame.h"

#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include "runtime/base/check.h"
#include "runtime/replica/round_terms.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/wire/limits.h"
#include "schemas/psephos_generated.h"

namespace psephos::wire {
namespace {

// Message > Past > Decision is the deepest nesting, tables and vectors counted; the rest is room to
// grow. A Past has the most tables.
constexpr flatbuffers::uoffset_t kMaxDepth = 8;
constexpr flatbuffers::uoffset_t kMaxTables = kMaxPastDecisions + 16;

// Root offset and identifier: nothing shorter may be asked for its identifier.
constexpr std::size_t kSmallestFrame = 8;

}  // namespace

Result<const fb::Message*> open_frame(std::span<const std::uint8_t> frame, std::size_t max_bytes) {
  if (frame.size() > max_bytes) {
    return Error{fmt::format("the frame has {} bytes and at most {} are allowed here", frame.size(),
                             max_bytes)};
  }
  PSEPHOS_CHECK(reinterpret_cast<std::uintptr_t>(frame.data()) % 8 == 0,
                "frames are read from aligned memory");
  if (frame.size() < kSmallestFrame || !fb::MessageBufferHasIdentifier(frame.data())) {
    return Error{"this is no Psephos frame: the identifier PSPH is missing"};
  }
  flatbuffers::Verifier verifier(frame.data(), frame.size(), kMaxDepth, kMaxTables);
  if (!fb::VerifyMessageBuffer(verifier)) {
    return Error{"the frame is cut short or corrupt, or no FlatBuffer of this protocol"};
  }
  const fb::Message* message = fb::GetMessage(frame.data());
  if (message->body_type() == fb::Body::NONE) return Error{"the frame has no message"};
  return message;
}

bool is_unknown(const fb::Message& message) { return message.body_type() > fb::Body::MAX; }

std::string body_word(const fb::Message& message) { return fb::EnumNameBody(message.body_type()); }

std::span<const std::uint8_t> bytes_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  if (vector == nullptr) return {};
  return {vector->data(), vector->size()};
}

Result<std::vector<float>> read_scales(std::string_view what,
                                       const flatbuffers::Vector<float>* vector) {
  if (vector == nullptr) return std::vector<float>{};
  if (vector->size() > kMaxTensors) {
    return Error{fmt::format("{} {}s are more than the {} tensors a model may have", vector->size(),
                             what, kMaxTensors)};
  }
  std::vector<float> scales;
  scales.reserve(vector->size());
  for (flatbuffers::uoffset_t i = 0; i < vector->size(); ++i) {
    const float scale = vector->Get(i);
    if (!std::isfinite(scale) || scale < 0) {
      return Error{
          fmt::format("{} {} is {}: it has to be finite and not negative", what, i, scale)};
    }
    scales.push_back(scale);
  }
  return scales;
}

Result<RoundTerms> read_terms(float local_lr, std::uint32_t batch,
                              const flatbuffers::Vector<float>* scales) {
  Result<std::vector<float>> read = read_scales("scale", scales);
  if (!read) return read.error();
  RoundTerms terms{local_lr, batch, *std::move(read)};
  const Status checked = check_round_terms(terms);
  if (!checked) return checked.error();
  return terms;
}

Status check_planes_form(std::string_view what, std::uint8_t encoding,
                         std::span<const std::uint8_t> planes, std::size_t parameters) {
  if (encoding > static_cast<std::uint8_t>(Encoding::kChange)) {
    return Error{fmt::format("the {}'s encoding {} is unknown: it may come from a newer version",
                             what, encoding)};
  }
  if (encoding == static_cast<std::uint8_t>(Encoding::kNone) && !planes.empty()) {
    return Error{fmt::format("the {} says that it has no planes but brings {} bytes of them", what,
                             planes.size())};
  }
  if (planes.size() > max_planes_bytes(parameters)) {
    return Error{fmt::format("the {}'s planes have {} bytes, and {} parameters need {} at most",
                             what, planes.size(), parameters, max_planes_bytes(parameters))};
  }
  return Ok{};
}

}  // namespace psephos::wire
