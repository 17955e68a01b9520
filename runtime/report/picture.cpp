#include "runtime/report/picture.h"

#include "runtime/base/replace_file.h"
#include "runtime/report/gnuplot.h"
#include "runtime/report/gnuplot_script.h"

namespace psephos {

Status draw(std::span<const Picture> pictures, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (const Picture& picture : pictures) {
    const auto svg = run_gnuplot(gnuplot_script(picture.chart), deadline);
    if (!svg) return svg.error();
    if (const Status written = replace_file(picture.file, *svg); !written) {
      return Error{"no pictures: " + written.error().text};
    }
  }
  return Ok{};
}

}  // namespace psephos
