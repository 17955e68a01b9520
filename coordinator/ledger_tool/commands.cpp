#include "coordinator/ledger_tool/commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "coordinator/ledger/difference.h"
#include "coordinator/ledger/history.h"
#include "coordinator/ledger/run_words.h"
#include "coordinator/ledger/verify.h"
#include "runtime/base/check.h"
#include "runtime/base/replace_file.h"
#include "runtime/base/units.h"
#include "runtime/formats/npy.h"
#include "runtime/replica/fingerprint.h"

namespace psephos::coordinator {
namespace {

namespace fs = std::filesystem;

Result<LedgerFile> look(const std::string& ledger) {
  return LedgerFile::open(ledger, LedgerFile::Use::kLook);
}

// Is `path`, whatever its name, the ledger or its log?
bool is_of(const std::string& ledger, const fs::path& path) {
  std::error_code ignored;
  return fs::equivalent(path, ledger, ignored) || fs::equivalent(path, ledger + "-wal", ignored);
}

// Makes an empty file where there is nothing, not even a link to nothing.
Status make_file(const fs::path& path) {
  constexpr mode_t kAsUmask = 0666;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kAsUmask);
  if (descriptor >= 0) {
    ::close(descriptor);
    return Ok{};
  }
  if (errno == EEXIST) {
    return Error{path.string() +
                 ": is in the way (of a backup that was cut short?): remove it, or choose another "
                 "name"};
  }
  return Error{fmt::format("{}: cannot be made ({})", path.string(),
                           std::generic_category().message(errno))};
}

// Waits until what lies at `path`, a file or a folder, is on the disk.
Status sync(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (synced) return Ok{};
  return Error{fmt::format("{}: cannot be brought to the disk ({})", path.string(),
                           std::generic_category().message(reason))};
}

// `ledger` itself, as `copy`, compacted and on the disk. What is wrong with the copy's rows was
// wrong with the ledger's.
Status copy_verified(LedgerFile& ledger, const fs::path& copy, unsigned threads) {
  if (const Status copied = ledger.copy_to(copy.string()); !copied) return copied;
  if (const Status synced = sync(copy); !synced) return synced;
  auto file = look(copy.string());
  if (!file) return file.error();
  const auto fault = verify(*file, threads).fault;
  if (!fault) return Ok{};
  const std::string_view text = fault->text;
  PSEPHOS_CHECK(text.starts_with(file->path()), "errors begin with the path");
  return Error{
      fmt::format("{}{}; no copy was made", ledger.path(), text.substr(file->path().size()))};
}

}  // namespace

Result<bool> verify_and_say(const std::string& ledger, unsigned threads) {
  auto file = look(ledger);
  if (!file) return file.error();
  const Verification result = verify(*file, threads);
  if (result.fault) {
    if (result.fault->round) fmt::print("round {}: ", *result.fault->round);
    fmt::print("{}\n", result.fault->text);
    return false;
  }
  const std::uint32_t rounds = file->rounds();
  std::uint64_t fingerprint = file->run()->fingerprint;
  if (rounds > 0) {
    const auto newest = file->decision(rounds - 1);
    if (!newest) return newest.error();
    fingerprint = newest->record->fingerprint;
  }
  fmt::print("{}: run {}, {} rounds, fingerprint {}: all of it is as it was written\n", ledger,
             format_hex(file->run()->run), rounds, format_hex(fingerprint));
  if (result.remembers) {
    fmt::print("{} rounds were decided again from their votes", result.decided_again);
    if (result.votes_gone_to > 0) {
      fmt::print("; of rounds 0 to {} the votes are gone, as checkpoints hold what came of them",
                 result.votes_gone_to - 1);
    }
    fmt::print("\n");
  }
  return true;
}

Result<bool> export_parameters(const std::string& ledger, std::optional<std::uint32_t> round,
                               const fs::path& out, unsigned threads) {
  fs::path unfinished = out;
  unfinished += ".tmp";  // replace_file's
  if (is_of(ledger, out) || is_of(ledger, unfinished)) {
    return Error{
        fmt::format("--out: {}: would replace the ledger: choose another name", out.string())};
  }
  auto file = look(ledger);
  if (!file) return file.error();
  if (round && *round > file->rounds()) {
    return Error{fmt::format("--round {}: {} ends at round {}", *round, ledger, file->rounds())};
  }
  const auto replay = replay_to(*file, round.value_or(file->rounds()), threads);
  if (!replay) return replay.error();
  const Status written = replace_file(out, npy_bytes(replay->replica().parameters()));
  if (!written) return Error{"--out: " + written.error().text};
  fmt::print("{}: {} parameters after {} rounds, fingerprint {}\n", out.string(),
             replay->replica().size(), replay->round(), format_hex(replay->fingerprint()));
  return true;
}

Result<bool> say_difference(const std::string& one, const std::string& other, unsigned threads) {
  auto first = look(one);
  if (!first) return first.error();
  auto second = look(other);
  if (!second) return second.error();
  if (const auto words = first_difference(first->run()->words, second->run()->words)) {
    fmt::print("{} {} in {}, {} in {}\n", words->flag, words->was, one, words->is, other);
  }
  const auto difference = first_difference(*first, *second, threads);
  if (!difference) return difference.error();
  if (*difference) {
    const std::size_t begin = (*difference)->block * kFingerprintBlock;
    const std::size_t end =
        std::min(begin + kFingerprintBlock, std::size_t{first->run()->parameters});
    if ((*difference)->round == 0) {
      fmt::print("they begin with different parameters");
    } else {
      fmt::print("they part in round {}", (*difference)->round - 1);
    }
    fmt::print(", first in block {} (parameters {} to {})\n", (*difference)->block, begin, end - 1);
    return false;
  }
  const std::uint32_t common = std::min(first->rounds(), second->rounds());
  if (first->rounds() != second->rounds()) {
    fmt::print("the same for {} rounds; then {} goes on alone\n", common,
               first->rounds() > common ? one : other);
    return false;
  }
  fmt::print("the same for all {} rounds\n", common);
  return true;
}

Result<bool> back_up(const std::string& ledger, const fs::path& destination, unsigned threads) {
  std::error_code failed;
  if (fs::symlink_status(destination, failed).type() != fs::file_type::not_found) {
    return Error{destination.string() + ": is there already; choose another name"};
  }
  // SQLite would play it over the copy.
  fs::path log = destination;
  log += "-wal";
  if (fs::symlink_status(log, failed).type() != fs::file_type::not_found) {
    return Error{fmt::format("{}: is there, of another ledger; choose another name", log.string())};
  }
  auto file = look(ledger);
  if (!file) return file.error();
  fs::path unfinished = destination;
  unfinished += ".tmp";
  if (const Status made = make_file(unfinished); !made) return made.error();
  Status copied = copy_verified(*file, unfinished, threads);
  if (copied) {
    fs::rename(unfinished, destination, failed);
    if (failed) copied = Error{fmt::format("{}: {}", destination.string(), failed.message())};
  }
  if (!copied) {
    fs::remove(unfinished, failed);
    return copied.error();
  }
  const fs::path folder = destination.has_parent_path() ? destination.parent_path() : ".";
  if (const Status synced = sync(folder); !synced) return synced.error();
  fmt::print("{}: {} rounds of {}\n", destination.string(), file->rounds(), ledger);
  return true;
}

}  // namespace psephos::coordinator
