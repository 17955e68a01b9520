#pragma once
// The scales B that ballot rules vote by: one for each tensor, common to all clients, kept by the
// coordinator from what counted ballots report.

#include <span>
#include <vector>

namespace psephos {

// The next round's B of every tensor. `current`: this round's; 0: not known yet. `reports`: of each
// counted ballot the rms of v per tensor. B is `multiple` times the lower median of the reports,
// but at most twice and at least half of what it was: no liar moves it far. The first median that
// is not 0 sets it; a median of 0, or no report, leaves it. Pure.
std::vector<float> next_scales(std::span<const float> current,
                               std::span<const std::vector<float>> reports, double multiple);

}  // namespace psephos
