#include "runtime/data/npy_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <utility>
#include <vector>
#include <xtensor/xadapt.hpp>

#include "runtime/base/check.h"
#include "runtime/formats/npy.h"

namespace psephos {
namespace {

// Opens an array of `least` to `most` dimensions. `advice`: what to save where there are others.
Result<NpyFile> open_array(const std::filesystem::path& path, std::size_t least, std::size_t most,
                           std::string_view advice) {
  Result<NpyFile> file = NpyFile::open(path);
  if (!file) return file;
  const NpyHeader& header = file->header();
  if (header.shape.size() < least || header.shape.size() > most) {
    return Error{
        fmt::format("{}: its shape is {}; {}", file->name(), shape_in_words(header.shape), advice)};
  }
  if (header.values == 0) {
    return Error{fmt::format("{}: holds no samples; use other data", file->name())};
  }
  if (header.data_bytes() > kMaxNpyBytes) {
    return Error{
        fmt::format("{}: holds more than {} bytes; save a part of it", file->name(), kMaxNpyBytes)};
  }
  return file;
}

template <class T>
Result<xt::xtensor<T, 2>> read_table(NpyFile& file) {
  const std::size_t rows = file.header().shape[0];
  const std::array<std::size_t, 2> shape{rows, file.header().values / rows};
  xt::xtensor<T, 2> table(shape);
  if (const Status read = file.read(std::span(table.data(), table.size())); !read) {
    return read.error();
  }
  return table;
}

Status check_finite(const FeatureTable::FloatTable& table, const NpyFile& file) {
  const float* const end = table.data() + table.size();
  const float* const found =
      std::find_if(table.data(), end, [](float value) { return !std::isfinite(value); });
  if (found == end) return Ok{};
  return Error{fmt::format(
      "{}: sample {} (counted from 0) holds {}, which is no number to compute with; leave the "
      "sample away, or save numpy.nan_to_num(x) instead of x",
      file.name(), static_cast<std::size_t>(found - table.data()) / table.shape(1), *found)};
}

// Whole numbers of type T, as they lie in a file, as labels.
template <class T>
Result<xt::xtensor<std::uint8_t, 1>> read_labels_of(NpyFile& file) {
  std::vector<T> values(file.header().values);
  if (const Status read = file.read(std::span(values)); !read) return read.error();
  const auto fits = [](T value) { return std::in_range<std::uint8_t>(value); };
  if (const auto found = std::ranges::find_if_not(values, fits); found != values.end()) {
    return Error{fmt::format(
        "{}: label {} (counted from 0) is {}, labels are whole numbers from 0 to 255; number the "
        "classes from 0",
        file.name(), found - values.begin(), *found)};
  }
  xt::xtensor<std::uint8_t, 1> labels(std::array<std::size_t, 1>{values.size()});
  std::ranges::transform(values, labels.begin(), [](T value) { return std::uint8_t(value); });
  return labels;
}

}  // namespace

Result<FeatureTable> read_npy_features(const std::filesystem::path& path) try {
  Result<NpyFile> file = open_array(path, 2, 4,
                                    "features are of shape (n, f), (n, h, w) or (n, h, w, c): save "
                                    "x.reshape(len(x), -1) instead of x");
  if (!file) return file.error();
  if (const Status known = file->expect_type({"|u1", "<f4"}); !known) return known.error();
  if (file->header().type == "|u1") {
    auto bytes = read_table<std::uint8_t>(*file);
    if (!bytes) return bytes.error();
    return FeatureTable(std::move(*bytes));
  }
  auto floats = read_table<float>(*file);
  if (!floats) return floats.error();
  if (const Status finite = check_finite(*floats, *file); !finite) return finite.error();
  return FeatureTable(std::move(*floats));
} catch (const std::bad_alloc&) {
  return Error{fmt::format("{}: does not fit into this machine's memory", path.string())};
}

Result<xt::xtensor<std::uint8_t, 1>> read_npy_labels(const std::filesystem::path& path) try {
  Result<NpyFile> file = open_array(path, 1, 1,
                                    "labels are of shape (n,): save y.ravel() or, of one-hot rows, "
                                    "y.argmax(1) instead of y");
  if (!file) return file.error();
  const std::string& type = file->header().type;
  if (type == "|u1") return read_labels_of<std::uint8_t>(*file);
  if (type == "|i1") return read_labels_of<std::int8_t>(*file);
  if (type == "<u2") return read_labels_of<std::uint16_t>(*file);
  if (type == "<i2") return read_labels_of<std::int16_t>(*file);
  if (type == "<u4") return read_labels_of<std::uint32_t>(*file);
  if (type == "<i4") return read_labels_of<std::int32_t>(*file);
  if (type == "<u8") return read_labels_of<std::uint64_t>(*file);
  if (type == "<i8") return read_labels_of<std::int64_t>(*file);
  return Error{
      fmt::format("{}: holds '{}', labels are whole numbers; save y.astype('|u1') instead of y",
                  file->name(), type)};
} catch (const std::bad_alloc&) {
  return Error{fmt::format("{}: does not fit into this machine's memory", path.string())};
}

Result<Samples> read_npy_samples(const std::filesystem::path& features,
                                 const std::filesystem::path& labels) {
  // Labels first: they are small, and swapped files are told apart sooner.
  auto numbers = read_npy_labels(labels);
  if (!numbers) return numbers.error();
  auto table = read_npy_features(features);
  if (!table) return table.error();
  if (table->rows() != numbers->size()) {
    return Error{fmt::format("{} holds {} samples, {} holds {} labels; use files of one set",
                             features.string(), table->rows(), labels.string(), numbers->size())};
  }
  return Samples{std::move(*table), std::move(*numbers)};
}

}  // namespace psephos
