#include "simulator/sweep_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "runtime/base/check.h"
#include "runtime/base/replace_file.h"
#include "runtime/report/csv_table.h"

namespace psephos::simulator {
namespace {

constexpr std::size_t kResultFields = 9;  // behind the grid's
constexpr const char* kFinished = "finished";
constexpr std::string_view kFailed = "failed: ";
constexpr off_t kMostTableBytes = off_t{64} << 20;

std::string header_line(const Grid& grid, const std::string& measured) {
  std::string header;
  for (const GridAxis& axis : grid.axes) header += csv_field(axis.key) + ",";
  return header + fmt::format(
                      "seed,{0}_accuracy,{0}_loss,rounds_finished,wall_s,bits_up_per_parameter,"
                      "bits_down_per_parameter,fingerprint,status",
                      measured);
}

// One line, whatever a sentence of an error holds.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(
      text,
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
      },
      ' ');
  return text;
}

std::string row_line(const Grid& grid, const SweepRow& row) {
  std::string line;
  for (const std::string& value : grid.point(row.point)) line += csv_field(value) + ",";
  if (!row.failure.empty()) {
    return line + fmt::format("{},,,,,,,,{}", row.seed,
                              csv_field(std::string(kFailed) + on_one_line(row.failure)));
  }
  return line + fmt::format("{},{:.6g},{:.6g},{},{:.3f},{:.6g},{:.6g},{},{}", row.seed,
                            row.accuracy, row.loss, row.rounds, row.wall_s, row.bits_up,
                            row.bits_down, row.fingerprint, kFinished);
}

template <class T>
bool read_number(const std::string& text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

Error cannot(const char* what, const std::filesystem::path& path) {
  return Error{
      fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(errno))};
}

std::optional<std::string> read_all(int file, off_t size) {
  std::string text(static_cast<std::size_t>(size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t got = ::pread(file, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    at += static_cast<std::size_t>(got);
  }
  return text;
}

}  // namespace

SweepTable::SweepTable(std::filesystem::path path, Grid grid, int file)
    : path_(std::move(path)), grid_(std::move(grid)), file_(file) {}

SweepTable::SweepTable(SweepTable&& other) noexcept
    : path_(std::move(other.path_)),
      grid_(std::move(other.grid_)),
      file_(std::exchange(other.file_, -1)),
      rows_(std::move(other.rows_)),
      done_(std::move(other.done_)) {}

SweepTable::~SweepTable() {
  if (file_ >= 0) ::close(file_);
}

Result<SweepTable> SweepTable::open(const std::filesystem::path& path, const Grid& grid,
                                    const std::string& measured) {
  const std::string header = header_line(grid, measured);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    // Whole or not at all: a header is never torn.
    if (const Status made = replace_file(path, header + "\n"); !made) return made.error();
  }
  SweepTable table(path, grid, ::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (table.file_ < 0) return cannot("write", path);
  if (const Status read = table.read(header); !read) return read.error();
  return table;
}

Status SweepTable::read(const std::string& header) {
  struct stat status {};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
    return Error{path_.string() + " is not an ordinary file"};
  }
  if (status.st_size > kMostTableBytes) {
    return Error{path_.string() + " is longer than a sweep's table can be"};
  }
  const auto text = read_all(file_, status.st_size);
  if (!text) return cannot("read", path_);
  const std::size_t whole = text->rfind('\n') + 1;  // 0 where there is none
  if (whole == 0) return Error{path_.string() + " has no header: remove it"};
  std::string_view rest = std::string_view(*text).substr(0, whole);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (number == 1 && line == header) continue;
    const auto fields = split_csv_line(line);
    auto row = number == 1 || !fields ? Result<SweepRow>(Error{""}) : parse(*fields);
    if (!row) {
      return Error{
          fmt::format("{}, line {}, is none of this sweep's: take it out, or choose "
                      "another folder",
                      path_.string(), number)};
    }
    keep(std::move(*row));
  }
  // Only now that the file is known to be ours.
  if (whole < text->size() && ::ftruncate(file_, static_cast<off_t>(whole)) != 0) {
    return cannot("repair", path_);
  }
  return Ok{};
}

Result<SweepRow> SweepTable::parse(const std::vector<std::string>& fields) const {
  const std::size_t axes = grid_.axes.size();
  const Error unknown{""};
  if (fields.size() != axes + kResultFields) return unknown;
  SweepRow row;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::vector<std::string>& values = grid_.axes[axis].values;
    const auto found = std::ranges::find(values, fields[axis]);
    if (found == values.end()) return unknown;
    row.point = row.point * values.size() + static_cast<std::size_t>(found - values.begin());
  }
  const auto field = [&](std::size_t i) -> const std::string& { return fields[axes + i]; };
  if (!read_number(field(0), row.seed)) return unknown;
  const std::string& status = field(8);
  if (status.starts_with(kFailed)) {
    row.failure = status.substr(kFailed.size());
    return row;
  }
  const bool numbers = read_number(field(1), row.accuracy) && read_number(field(2), row.loss) &&
                       read_number(field(3), row.rounds) && read_number(field(4), row.wall_s) &&
                       read_number(field(5), row.bits_up) && read_number(field(6), row.bits_down);
  if (!numbers || status != kFinished) return unknown;
  row.fingerprint = field(7);
  return row;
}

Status SweepTable::append(const SweepRow& row) {
  const std::string line = row_line(grid_, row) + "\n";
  struct stat before {};
  if (::fstat(file_, &before) != 0) return cannot("write", path_);
  ssize_t written = -1;
  do {
    written = ::write(file_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size()) || ::fdatasync(file_) != 0) {
    if (written >= 0 && written < static_cast<ssize_t>(line.size())) errno = ENOSPC;
    const Error error = cannot("write", path_);
    // Should this fail, too, the next start repairs it.
    if (::ftruncate(file_, before.st_size) != 0) return error;
    return error;
  }
  const auto fields = split_csv_line(std::string_view(line).substr(0, line.size() - 1));
  PSEPHOS_CHECK(fields.ok(), "a line of ours can be read");
  auto kept = parse(*fields);
  PSEPHOS_CHECK(kept.ok(), "a row of ours can be read");
  keep(std::move(*kept));
  return Ok{};
}

// Of a run that somebody listed twice the first row counts.
void SweepTable::keep(SweepRow row) {
  if (!done_.insert({row.point, row.seed}).second) return;
  rows_.push_back(std::move(row));
}

}  // namespace psephos::simulator
