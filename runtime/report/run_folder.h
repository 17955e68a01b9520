#pragma once
// The run folder (--out DIR): config.toml as run, metrics.csv (a row per round), evaluations.csv (a
// row per evaluation: they arrive some rounds after the round they are of), clients.csv,
// parameters.npy and summary.json. The two tables of rounds grow while the run goes; the rest is
// written whole (replace_file) at the end, summary.json last: where it is, the run is complete.
// Columns are the field names of RoundRow, EvaluationRow and ClientRow. Pictures of the tables
// (kRunPictures) may follow.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/formats/npy.h"
#include "runtime/report/summary.h"
#include "runtime/run/observations.h"

namespace psephos {

class RunFolder {
 public:
  // Creates DIR (parents too) and writes config.toml. Refuses one that already holds a run (any of
  // the other files), so nothing is overwritten; a folder whose run failed before its first round
  // holds none and may be used again.
  static Result<RunFolder> create(const std::filesystem::path& directory,
                                  const std::string& config_toml);
  // For a run that goes on: DIR where that holds no run yet, else DIR/part-2, or -3, ...: each
  // process that leads the run fills a folder of its own.
  static Result<RunFolder> create_part(const std::filesystem::path& directory,
                                       const std::string& config_toml);
  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) noexcept;
  ~RunFolder();

  const std::filesystem::path& directory() const;

  // Every row is in the file at once, for whoever watches it; a full disk is reported by finish().
  void add(const RoundRow& row);
  void add(const EvaluationRow& row);
  // `parameters`: the final x, d floats. Once, after the last row.
  Status finish(const Summary& summary, const std::vector<ClientRow>& clients,
                std::span<const float> parameters);
  // Draws accuracy, loss, traffic and voters over rounds. After finish(). The run is none the worse
  // where it fails: the text says why there are no pictures.
  Status draw_pictures(const Summary& summary);

 private:
  struct State;
  explicit RunFolder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace psephos
