// Any bytes as planes or as a list of slots: whatever the codecs accept, they write the same way.
// Built with -fsanitize=fuzzer,address,undefined; a crash, a leak, a read past the end or a broken
// check is a finding.
//
// Input: one byte of what to read, two bytes of d or of the slots given, then the planes or the
// list.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/check.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/signs/slot_codec.h"

namespace psephos {
namespace {

constexpr std::size_t kHeader = 3;

// The decision before: something of every kind, the same for one d.
PackedSigns decision_before(std::size_t parameters, bool all_voted) {
  PackedSigns before{parameters, AlignedVector<std::uint32_t>(word_count(parameters)),
                     AlignedVector<std::uint32_t>(word_count(parameters))};
  std::uint32_t state = 1;
  for (std::size_t w = 0; w < before.signs.size(); ++w) {
    state = state * 1664525 + 1013904223;
    before.voted[w] = valid_bits(w, parameters) & (all_voted ? ~std::uint32_t{0} : ~(state >> 7));
    before.signs[w] = before.voted[w] & (state ^ (state >> 13));
  }
  make_canonical(before);
  return before;
}

void try_ballot(Encoding encoding, std::span<const std::uint8_t> planes, std::size_t parameters) {
  const auto held = decode_held(encoding, planes, parameters, nullptr);
  const auto decoded = decode(encoding, planes, parameters);
  PSEPHOS_CHECK(held.ok() == decoded.ok(), "holding and decoding disagree");
  if (!decoded) return;
  PSEPHOS_CHECK(held->voted == decoded->voted_count(), "another number of votes");
  PSEPHOS_CHECK(std::ranges::equal(held->view.signs, decoded->signs), "other signs");
  PSEPHOS_CHECK(std::ranges::equal(held->view.voted, decoded->voted), "other votes");
  const EncodedSigns again = encode(*decoded);
  PSEPHOS_CHECK(again.encoding == encoding && std::ranges::equal(again.planes, planes),
                "two encodings of one ballot");
}

void try_change(std::span<const std::uint8_t> planes, std::size_t parameters, bool all_voted) {
  const PackedSigns before = decision_before(parameters, all_voted);
  const auto decoded = decode_decision(Encoding::kChange, planes, parameters, &before);
  if (!decoded) return;
  PSEPHOS_CHECK(std::ranges::equal(encode_change(*decoded, before), planes),
                "two changes to one decision");
}

void try_slots(std::span<const std::uint8_t> bytes, std::uint32_t given) {
  const auto slots = decode_slots(bytes, given);
  if (!slots) return;
  PSEPHOS_CHECK(std::ranges::equal(encode_slots(*slots, given), bytes), "two lists of one set");
}

}  // namespace
}  // namespace psephos

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < psephos::kHeader) return 0;
  const std::size_t parameters = data[1] + std::size_t{256} * (data[2] % 32);
  const auto planes = std::span(data, size).subspan(psephos::kHeader);
  const unsigned what = data[0] % 8;
  if (what < 4) {
    psephos::try_ballot(static_cast<psephos::Encoding>(what), planes, parameters);
  } else if (what == 4) {
    psephos::try_ballot(psephos::Encoding::kTernary, planes, parameters);
  } else if (what == 5) {
    psephos::try_slots(planes, static_cast<std::uint32_t>(parameters));
  } else {
    psephos::try_change(planes, parameters, what == 6);
  }
  return 0;
}
