#include "client/state/state_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/base/replace_file.h"
#include "runtime/base/units.h"

namespace psephos::client {

StateFile::StateFile(Disk& disk, std::filesystem::path path, std::size_t max_parameters)
    : disk_(disk),
      path_(std::move(path)),
      aside_(path_.string() + ".bad"),
      max_bytes_(max_state_bytes(max_parameters)) {}

Result<StateFile::Opened> StateFile::open(std::optional<PhiloxKey> key, PhiloxKey fresh) {
  const auto bytes = disk_.read(path_, max_bytes_ + 1);
  if (!bytes) return bytes.error();
  Opened opened;
  opened.state.key = key.value_or(fresh);
  if (*bytes) {
    auto found = usable(**bytes, key);
    if (found) {
      opened.state = *std::move(found);
      if (const auto& run = opened.state.run) {
        run_ = run->standing.run;
        opened.notes.push_back(fmt::format("{}: stood at round {} of run {}", path_.string(),
                                           run->standing.round, format_hex(*run_)));
      }
      return opened;
    }
    in_the_way_ = true;
    opened.notes.push_back(fmt::format("{} cannot be used and becomes {}: {}; starting clean",
                                       path_.string(), aside_.string(), found.error().text));
  }
  if (const Status kept = keep(opened.state); !kept) opened.notes.push_back(kept.error().text);
  return opened;
}

Result<ClientState> StateFile::usable(std::span<const std::uint8_t> bytes,
                                      std::optional<PhiloxKey> key) const {
  if (bytes.size() > max_bytes_) {
    return Error{
        fmt::format("it has more than the {} bytes of the largest state that "
                    "--max-parameters allows",
                    max_bytes_)};
  }
  auto state = decode_state(bytes);
  if (state && key && state->key != *key) {
    return Error{"it is of another client (--seed, --part or --name were not these)"};
  }
  return state;
}

Status StateFile::keep(const ClientState& state) {
  const bool other_run = run_ && state.run && state.run->standing.run != *run_;
  if (in_the_way_ || other_run) {
    if (const Status moved = set_aside(); !moved) return moved;
  }
  const Status kept = replace_file(disk_, path_, encode_state(state), Readers::kOwnerOnly);
  // Also after an error: the new one may be there already.
  if (state.run) run_ = state.run->standing.run;
  return kept;
}

Status StateFile::set_aside() {
  if (disk_.rename(path_, aside_) != 0) {
    return Error{fmt::format("cannot rename {} to {}: {}; check the folder and its permissions",
                             path_.string(), aside_.string(),
                             std::generic_category().message(errno))};
  }
  in_the_way_ = false;
  run_.reset();
  // Before the next file takes the name: an order that a power cut must not turn round.
  return sync_name(disk_, aside_);
}

}  // namespace psephos::client
