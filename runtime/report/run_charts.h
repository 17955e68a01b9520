#pragma once
// What a run looks like over its rounds: accuracy, loss, traffic and voters. Fed row by row; memory
// does not grow with the run.

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/report/config_values.h"
#include "runtime/report/curve.h"
#include "runtime/report/picture.h"
#include "runtime/report/summary.h"
#include "runtime/run/observations.h"

namespace psephos {

// "mlp:128 with 101770 parameters, 10 clients, 600 rounds, signum, majority, seed 1": whose picture
// it is. What is as it mostly is, is not said.
std::string run_in_words(const ConfigValues& config, const Summary& summary);

// The files of a run folder.
inline constexpr std::array<const char*, 4> kRunPictures = {"accuracy.svg", "loss.svg",
                                                            "traffic.svg", "voters.svg"};

class RunCharts {
 public:
  void add(const RoundRow& row);
  void add(const EvaluationRow& row);

  bool empty() const { return train_loss_.size() == 0 && up_.size() == 0; }
  // One per name in kRunPictures. `subtitle`: whose run.
  std::vector<Picture> pictures(const std::filesystem::path& directory,
                                const std::string& subtitle) const;

 private:
  struct Evaluated {
    Curve accuracy;
    Curve loss;
    void add(std::uint32_t round, const std::optional<EvaluationResult>& result);
  };

  Chart accuracy() const;
  Chart loss() const;
  Chart traffic() const;
  Chart voters() const;

  Curve train_loss_, up_, down_, voters_, expected_, abstained_;
  Evaluated held_out_, clients_mean_, clients_median_;
};

}  // namespace psephos
