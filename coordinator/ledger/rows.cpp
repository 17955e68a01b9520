#include "coordinator/ledger/rows.h"

#include <cstring>
#include <type_traits>
#include <utility>

#include "coordinator/ledger/run_words.h"
#include "platforms/xxh3.h"

namespace psephos::coordinator {
namespace {

class Fields {
 public:
  template <class T>
  Fields& number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    append(&value, sizeof value);
    return *this;
  }
  Fields& text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    append(value.data(), value.size());
    return *this;
  }
  Fields& bytes(std::span<const std::uint8_t> value) {
    return text({reinterpret_cast<const char*>(value.data()), value.size()});
  }
  std::string take() { return std::move(bytes_); }

 private:
  void append(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }

  std::string bytes_;
};

// Everything that never changes.
std::string canonical_for_chain(const RunRecord& run) {
  return Fields()
      .number(kLedgerFormat)
      .number(run.run)
      .text(run.words)
      .number(run.parameters)
      .number(std::uint8_t{run.x0_given})
      .number(run.fingerprint)
      .text(tensors_text(run.tensors))
      .take();
}

Chain chain_of(const XXH128_hash_t& hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  Chain chain;
  static_assert(sizeof canonical.digest == sizeof chain);
  std::memcpy(chain.data(), canonical.digest, chain.size());
  return chain;
}

}  // namespace

std::string canonical(const RunRecord& run) {
  return Fields().text(canonical_for_chain(run)).number(run.rounds).take();
}

std::string canonical(const DecisionRecord& record, std::uint32_t events, std::uint32_t left_out) {
  Fields fields;
  fields.number(record.round)
      .number(record.delta)
      .number(record.keep)
      .number(record.decay_pending)
      .number(static_cast<std::uint8_t>(record.votes.encoding))
      .bytes(record.votes.planes)
      .number(record.voters)
      .number(static_cast<std::uint32_t>(record.counted.size()));
  for (const CountedBallot& ballot : record.counted) {
    fields.text(ballot.identity).number(ballot.round);
  }
  const auto floats = [&fields](const std::vector<float>& values) {
    fields.number(static_cast<std::uint32_t>(values.size()));
    for (const float value : values) fields.number(value);
  };
  floats(record.steps);
  fields.number(record.next.local_lr).number(record.next.batch);
  floats(record.next.scales);
  return fields.number(record.fingerprint)
      .number(record.counts_hash)
      .number(events)
      .number(left_out)
      .take();
}

std::string canonical(std::uint32_t round, std::uint32_t place, const MembershipEvent& event) {
  return Fields()
      .number(round)
      .number(place)
      .number(static_cast<std::uint8_t>(event.kind))
      .text(event.identity)
      .take();
}

std::string canonical(const EpochRecord& record) {
  return Fields().number(record.epoch).number(record.round).number(record.lost).take();
}

std::string canonical(const Checkpoint& checkpoint, std::uint64_t size, std::uint64_t rule_size,
                      std::span<const std::uint8_t> packed, std::span<const std::uint8_t> rule) {
  return Fields()
      .number(checkpoint.round)
      .number(checkpoint.fingerprint)
      .number(size)
      .number(rule_size)
      .bytes(packed)
      .bytes(rule)
      .take();
}

std::string canonical_voter(std::uint64_t number, std::string_view identity) {
  return Fields().number(number).text(identity).take();
}

std::uint64_t hash_counts(const Bytes& counts) {
  const std::uint64_t hash = XXH3_64bits(counts.data(), counts.size());
  return hash == 0 ? 1 : hash;  // 0 says that there are none
}

std::uint64_t row_checksum(std::string_view canonical) {
  return XXH3_64bits(canonical.data(), canonical.size());
}

Chain first_chain(const RunRecord& run) {
  const std::string bytes = canonical_for_chain(run);
  return chain_of(XXH3_128bits(bytes.data(), bytes.size()));
}

Chain next_chain(const Chain& before, std::string_view canonical) {
  std::string bytes(before.begin(), before.end());
  bytes += canonical;
  return chain_of(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace psephos::coordinator
