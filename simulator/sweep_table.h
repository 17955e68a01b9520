#pragma once
// The table of a sweep: a row per finished run, in the order in which they finished. A row is
// appended by one write, so that whatever ends the program leaves at most the last line torn; the
// next start drops it and goes on.

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "simulator/grid.h"

namespace psephos::simulator {

struct SweepRow {
  std::size_t point = 0;  // of the grid
  std::uint32_t seed = 0;
  double accuracy = 0;
  double loss = 0;
  std::uint32_t rounds = 0;  // finished
  double wall_s = 0;         // beside other runs: not to be compared
  double bits_up = 0;        // per parameter
  double bits_down = 0;
  std::string fingerprint;
  std::string failure;  // empty: the run came to its end; else why it did not, and no result counts
};

class SweepTable {
 public:
  // The file is made where it is missing, repaired where its last line is torn, and refused where
  // it is not of this grid. `measured`: what the results are of, a word in the header
  // ("validation_accuracy"). One process at a time.
  static Result<SweepTable> open(const std::filesystem::path& path, const Grid& grid,
                                 const std::string& measured);
  SweepTable(SweepTable&& other) noexcept;
  SweepTable& operator=(SweepTable&&) = delete;
  ~SweepTable();

  // The row is in the file, or a sentence, and the file is as it was.
  Status append(const SweepRow& row);

  // What the file says: numbers have its digits, so a sweep that was cut off decides as one that
  // was not.
  const std::vector<SweepRow>& rows() const { return rows_; }
  bool has(std::size_t point, std::uint32_t seed) const { return done_.contains({point, seed}); }

 private:
  SweepTable(std::filesystem::path path, Grid grid, int file);
  Status read(const std::string& header);
  Result<SweepRow> parse(const std::vector<std::string>& fields) const;
  void keep(SweepRow row);

  std::filesystem::path path_;
  Grid grid_;
  int file_;
  std::vector<SweepRow> rows_;
  std::set<std::pair<std::size_t, std::uint32_t>> done_;
};

}  // namespace psephos::simulator
