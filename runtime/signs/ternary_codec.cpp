#include "runtime/signs/ternary_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "platforms/kernels/kernels.h"
#include "runtime/signs/rice_string.h"

namespace psephos {
namespace {

constexpr std::size_t kTernaryHeaderBytes = 4;
constexpr std::size_t kTritGroupWords = 5;
constexpr std::size_t kTritGroupBytes = 32;

std::size_t trit_bytes(std::size_t parameters) {
  const std::size_t groups = (word_count(parameters) + kTritGroupWords - 1) / kTritGroupWords;
  return kTernaryHeaderBytes + groups * kTritGroupBytes;
}

std::size_t raw_bytes(std::uint64_t voted, std::size_t parameters) {
  return kTernaryHeaderBytes + word_count(parameters) * kWordBytes + bytes_for(voted);
}

// Which of the two symbols a Rice string names, and with which parameter.
struct RiceForm {
  TernaryForm form = TernaryForm::kRaw;
  std::uint64_t count = 0;
  unsigned parameter = 0;
};

// Nothing where a Rice string is not tried.
std::optional<RiceForm> rice_form(std::uint64_t voted, std::size_t parameters) {
  const bool votes_are_rarer = 2 * voted <= parameters;
  const std::uint64_t count = votes_are_rarer ? voted : parameters - voted;
  const unsigned parameter = rice_parameter(count, parameters);
  if (parameter == 0) return std::nullopt;
  return RiceForm{votes_are_rarer ? TernaryForm::kVotedGaps : TernaryForm::kAbstainedGaps, count,
                  parameter};
}

// Of a whole Rice form.
SizeBounds rice_form_size(const RiceForm& rice, std::uint64_t voted, std::size_t parameters) {
  const SizeBounds string = rice_size(rice.count, parameters);
  const std::size_t rest = kTernaryHeaderBytes + bytes_for(voted);
  return {rest + string.least, rest + string.most};
}

struct Choice {
  TernaryForm form = TernaryForm::kRaw;
  Bytes begin;  // header and, in the Rice forms, the string
};

Choice choose_form(std::span<const std::uint32_t> voted_plane, std::uint64_t voted,
                   std::size_t parameters) {
  const std::size_t raw = raw_bytes(voted, parameters);
  const std::size_t trits = trit_bytes(parameters);
  const TernaryForm without_rice = trits < raw ? TernaryForm::kTrits : TernaryForm::kRaw;
  const auto rice_wins = [&](std::size_t size) { return size < raw && size <= trits; };
  const auto rice = rice_form(voted, parameters);
  if (rice && rice_wins(rice_form_size(*rice, voted, parameters).least)) {
    Bytes begin = {static_cast<std::uint8_t>(rice->form),
                   static_cast<std::uint8_t>(rice->parameter), 0, 0};
    if (rice->form == TernaryForm::kVotedGaps) {
      append_rice(voted_plane, rice->count, parameters, begin);
    } else {
      append_rice(complement(voted_plane, parameters), rice->count, parameters, begin);
    }
    if (rice_wins(begin.size() + bytes_for(voted))) return {rice->form, std::move(begin)};
  }
  return {without_rice, {static_cast<std::uint8_t>(without_rice), 0, 0, 0}};
}

Error not_the_smallest(TernaryForm form) {
  return Error{
      fmt::format("ternary form {} is not the smallest of these signs: take the one that "
                  "WIRE.md gives, so that equal signs are equal bytes",
                  static_cast<unsigned>(form))};
}

// Where a form has a Rice string, that knew its parameter.
Status check_header(ByteSpan planes, bool rice) {
  if (!rice && planes[1] != 0) {
    return Error{fmt::format("the ternary header's Rice parameter is {} instead of 0", planes[1])};
  }
  if (planes[2] != 0 || planes[3] != 0) {
    return Error{"the last two bytes of the ternary header are not 0"};
  }
  return Ok{};
}

Result<TernaryPlanes> read_raw(ByteSpan planes, std::size_t parameters) {
  const std::size_t plane_bytes = word_count(parameters) * kWordBytes;
  if (planes.size() < kTernaryHeaderBytes + plane_bytes) {
    return Error{
        fmt::format("ternary planes have {} bytes, fewer than the {} of header and voted "
                    "plane; encode the ballot again for this model's number of parameters",
                    planes.size(), kTernaryHeaderBytes + plane_bytes)};
  }
  TernaryPlanes read;
  read.voted = words_of(planes.subspan(kTernaryHeaderBytes, plane_bytes));
  read.voted_count = count_ones(read.voted);
  read.packed_signs = planes.subspan(kTernaryHeaderBytes + plane_bytes);
  return read;
}

Result<TernaryPlanes> read_rice_form(TernaryForm form, ByteSpan planes, std::size_t parameters) {
  const Result<RiceString> rice =
      read_rice(planes.subspan(kTernaryHeaderBytes), parameters, planes[1]);
  if (!rice) return rice.error();
  TernaryPlanes read;
  const bool names_votes = form == TernaryForm::kVotedGaps;
  read.voted_count = names_votes ? rice->count : parameters - rice->count;
  const auto expected = rice_form(read.voted_count, parameters);
  if (!expected || expected->form != form) return not_the_smallest(form);
  read.packed_signs = planes.subspan(kTernaryHeaderBytes + rice->bytes);
  Result<Words> named = decode_rice(*rice, word_count(parameters));
  if (!named) return named.error();
  if (has_bits_past_end(*named, parameters)) return past_end("ternary", parameters);
  read.voted = names_votes ? *std::move(named) : complement(*named, parameters);
  return read;
}

Result<TernaryPlanes> read_trits(ByteSpan planes, std::size_t parameters) {
  if (planes.size() != trit_bytes(parameters)) {
    return Error{fmt::format("ternary planes of form 3 have {} bytes instead of {}", planes.size(),
                             trit_bytes(parameters))};
  }
  TernaryPlanes read;
  const std::size_t words = word_count(parameters);
  read.signs.resize(words);
  read.voted.resize(words);
  if (!kernels::kernels().unpack_trits(planes.data() + kTernaryHeaderBytes, words,
                                       read.signs.data(), read.voted.data())) {
    return Error{"ternary planes of form 3 have a byte above 242, or a sign where no word is"};
  }
  read.voted_count = count_ones(read.voted);
  return read;
}

Result<TernaryPlanes> read_form(TernaryForm form, ByteSpan planes, std::size_t parameters) {
  switch (form) {
    case TernaryForm::kRaw:
      return read_raw(planes, parameters);
    case TernaryForm::kVotedGaps:
    case TernaryForm::kAbstainedGaps:
      return read_rice_form(form, planes, parameters);
    case TernaryForm::kTrits:
      return read_trits(planes, parameters);
  }
  return Error{fmt::format("ternary form {} is unknown: it may come from a newer version",
                           static_cast<unsigned>(form))};
}

// What is sent in one form only is recognised by its size where that is enough.
bool is_smallest(TernaryForm form, std::size_t size, const TernaryPlanes& read,
                 std::size_t parameters) {
  switch (form) {
    case TernaryForm::kVotedGaps:
    case TernaryForm::kAbstainedGaps:
      return size < raw_bytes(read.voted_count, parameters) && size <= trit_bytes(parameters);
    case TernaryForm::kRaw:
    case TernaryForm::kTrits:
      return choose_form(read.voted, read.voted_count, parameters).form == form;
  }
  return false;
}

}  // namespace

SizeBounds ternary_size(std::uint64_t voted, std::size_t parameters) {
  const std::size_t others = std::min(raw_bytes(voted, parameters), trit_bytes(parameters));
  const auto rice = rice_form(voted, parameters);
  if (!rice) return {others, others};
  const SizeBounds size = rice_form_size(*rice, voted, parameters);
  return {std::min(others, size.least), std::min(others, size.most)};
}

Bytes encode_ternary(const PackedSigns& signs, std::uint64_t voted) {
  Choice choice = choose_form(signs.voted, voted, signs.parameters);
  Bytes out = std::move(choice.begin);
  if (choice.form == TernaryForm::kTrits) {
    out.resize(trit_bytes(signs.parameters));
    kernels::kernels().pack_trits(signs.signs.data(), signs.voted.data(), signs.voted.size(),
                                  out.data() + kTernaryHeaderBytes);
    return out;
  }
  if (choice.form == TernaryForm::kRaw) {
    out.resize(kTernaryHeaderBytes + signs.voted.size() * kWordBytes);
    std::ranges::copy(std::as_bytes(std::span(signs.voted)),
                      std::as_writable_bytes(std::span(out)).begin() + kTernaryHeaderBytes);
  }
  append_signs(signs.signs, signs.voted, voted, out);
  return out;
}

Result<TernaryPlanes> read_ternary(ByteSpan planes, std::size_t parameters) {
  if (planes.size() < kTernaryHeaderBytes) {
    return Error{fmt::format("ternary planes have {} bytes, fewer than the {} of their header",
                             planes.size(), kTernaryHeaderBytes)};
  }
  const auto form = static_cast<TernaryForm>(planes[0]);
  Result<TernaryPlanes> read = read_form(form, planes, parameters);
  if (!read) return read;
  const bool rice = form == TernaryForm::kVotedGaps || form == TernaryForm::kAbstainedGaps;
  if (Status header = check_header(planes, rice); !header) return header.error();
  if (has_bits_past_end(read->voted, parameters)) return past_end("ternary", parameters);
  if (read->voted_count == parameters) {
    return Error{"ternary planes vote on every parameter; such a ballot must be sent as binary"};
  }
  if (form != TernaryForm::kTrits) {
    const Status signs = check_packed_signs("ternary", read->packed_signs, read->voted_count);
    if (!signs) return signs.error();
  }
  if (!is_smallest(form, planes.size(), *read, parameters)) return not_the_smallest(form);
  return read;
}

PackedSigns unpack(TernaryPlanes planes, std::size_t parameters) {
  Words signs = std::move(planes.signs);
  if (signs.size() != planes.voted.size()) {
    signs = scatter_signs(planes.packed_signs, planes.voted);
  }
  return {parameters, std::move(signs), std::move(planes.voted)};
}

}  // namespace psephos
