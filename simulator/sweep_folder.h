#pragma once
// The folder of a sweep: sweep.toml (what was asked for), sweep.csv (a row per run of the grid) and
// test.csv (a row per run of the best).

#include <filesystem>
#include <string>

#include "runtime/base/result.h"
#include "simulator/grid.h"
#include "simulator/sweep_table.h"

namespace psephos::simulator {

// Held against a second program as long as it lives; the kernel lets go of it however this one
// ends.
class SweepFolder {
 public:
  // Made where it is missing. Refused where it is at work in another program, holds something else,
  // or a sweep that was asked for differently than `asked`, lines "key=value"; the error says how.
  static Result<SweepFolder> open(const std::filesystem::path& directory, const std::string& asked,
                                  const Grid& grid);
  SweepFolder(SweepFolder&& other) noexcept;
  SweepFolder& operator=(SweepFolder&&) = delete;
  ~SweepFolder();

  SweepTable& validation() { return validation_; }
  SweepTable& test() { return test_; }

 private:
  SweepFolder(int lock, SweepTable validation, SweepTable test);

  int lock_;
  SweepTable validation_;
  SweepTable test_;
};

// Where a sweep goes that was not told where: "runs/sweep-lr-beta-1f3a9c2e", the grid's keys and a
// hash of `asked`. The same question has the same folder, so the same line goes on.
std::filesystem::path usual_sweep_folder(const Grid& grid, const std::string& asked);

}  // namespace psephos::simulator
