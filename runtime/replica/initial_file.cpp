#include "runtime/replica/initial_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "runtime/formats/npy.h"

namespace psephos {

Result<AlignedVector<float>> read_initial_parameters(const std::filesystem::path& path,
                                                     std::size_t parameters) {
  auto file = NpyFile::open(path);
  if (!file) return file.error();
  if (const Status type = file->expect_type({"<f4"}); !type) return type.error();
  const NpyHeader& header = file->header();
  if (header.shape.size() != 1) {
    return Error{
        fmt::format("{}: holds an array of shape {}, wanted is one row of all parameters; "
                    "save x.ravel() instead of x",
                    file->name(), shape_in_words(header.shape))};
  }
  if (header.values != parameters) {
    return Error{fmt::format(
        "{}: holds {} values, the model has {} parameters; save all its tensors, one behind the "
        "other in the order of the model's table",
        file->name(), header.values, parameters)};
  }
  AlignedVector<float> x(parameters);
  if (const Status read = file->read(std::span(x)); !read) return read.error();
  const auto bad = std::ranges::find_if(x, [](float value) { return !std::isfinite(value); });
  if (bad != x.end()) {
    return Error{fmt::format("{}: value {} is {}; a model must begin with finite numbers",
                             file->name(), bad - x.begin(), *bad)};
  }
  return x;
}

}  // namespace psephos
