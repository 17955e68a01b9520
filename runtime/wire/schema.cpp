#include "runtime/wire/schema.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cmath>

#include "runtime/wire/limits.h"
#include "runtime/wire/text.h"

namespace psephos::wire {
namespace {

using Names = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

// How many names a list has, how long each is and all are together.
struct NameBounds {
  const char* what;
  std::size_t names;
  std::size_t bytes_of_one;
  std::size_t bytes;
};
constexpr NameBounds kColumnBounds = {"column", kMaxColumns, kMaxColumnName, kMaxColumnBytes};
constexpr NameBounds kClassBounds = {"class", kMaxClasses, kMaxClassName, kMaxClassBytes};

Result<std::vector<std::string>> read_names(const Names* names, const NameBounds& bounds) {
  std::vector<std::string> read;
  if (names == nullptr) return read;
  if (names->size() > bounds.names) {
    return Error{fmt::format("{} names of a {} are more than the {} that can travel", names->size(),
                             bounds.what, bounds.names)};
  }
  read.reserve(names->size());
  // Many entries may point at one string: a small frame could ask for a thousand times its size.
  std::size_t bytes = 0;
  for (const flatbuffers::String* name : *names) {
    const std::string_view text = name->string_view();
    if (text.empty() || text.size() > bounds.bytes_of_one ||
        printable_text(text, bounds.bytes_of_one) != text) {
      return Error{fmt::format("the name of {} {} has to be 1 to {} bytes of printable UTF-8",
                               bounds.what, read.size(), bounds.bytes_of_one)};
    }
    bytes += text.size();
    if (bytes > bounds.bytes) {
      return Error{fmt::format("the names of the {} list have more than {} bytes", bounds.what,
                               bounds.bytes)};
    }
    read.emplace_back(text);
  }
  return read;
}

Status check_image(const fb::DataSchema& schema) {
  const std::uint32_t sides[] = {schema.rows(), schema.image_columns(), schema.channels()};
  const bool none = sides[0] == 0 && sides[1] == 0 && sides[2] == 0;
  std::uint64_t values = 1;
  for (const std::uint32_t side : sides) {
    values *= side <= kMaxImageSide ? side : 0;
  }
  if (none || (values > 0 && values <= kMaxParameters)) return Ok{};
  return Error{
      fmt::format("the samples cannot be images of {} x {} x {}", sides[0], sides[1], sides[2])};
}

Result<std::vector<float>> read_floats(const flatbuffers::Vector<float>* vector, bool zeros) {
  std::vector<float> floats;
  if (vector == nullptr) return floats;
  if (vector->size() > kMaxFeatureScales) {
    return Error{fmt::format("a normalisation of {} features, where {} are the most",
                             vector->size(), kMaxFeatureScales)};
  }
  floats.reserve(vector->size());
  for (flatbuffers::uoffset_t i = 0; i < vector->size(); ++i) {
    const float value = vector->Get(i);
    if (!std::isfinite(value) || (value == 0 && !zeros)) {
      return Error{fmt::format("the normalisation of feature {} has the {} {}", i,
                               zeros ? "offset" : "scale", value)};
    }
    floats.push_back(value);
  }
  return floats;
}

flatbuffers::Offset<Names> add_names(flatbuffers::FlatBufferBuilder& builder,
                                     const std::vector<std::string>& names) {
  return names.empty() ? 0 : builder.CreateVectorOfStrings(names);
}

flatbuffers::Offset<flatbuffers::Vector<float>> add_floats(flatbuffers::FlatBufferBuilder& builder,
                                                           const std::vector<float>& floats) {
  return floats.empty() ? 0 : builder.CreateVector(floats);
}

}  // namespace

std::uint64_t hash_of_columns(std::span<const std::string> names) {
  std::string joined;
  for (const std::string& name : names) {
    joined += name;
    joined += '\n';  // in no name
  }
  return XXH3_64bits(joined.data(), joined.size());
}

flatbuffers::Offset<fb::DataSchema> add_schema(flatbuffers::FlatBufferBuilder& builder,
                                               const DataSchema& schema) {
  if (schema == DataSchema{}) return 0;
  const auto columns = add_names(builder, schema.columns);
  const auto classes = add_names(builder, schema.classes);
  const auto scales = add_floats(builder, schema.feature_scales);
  const auto offsets = add_floats(builder, schema.feature_offsets);
  return fb::CreateDataSchema(builder, columns, schema.columns_hash, schema.rows,
                              schema.image_columns, schema.channels, classes, scales, offsets);
}

Result<DataSchema> read_schema(const fb::DataSchema* schema) {
  DataSchema value;
  if (schema == nullptr) return value;
  Result<std::vector<std::string>> columns = read_names(schema->columns(), kColumnBounds);
  if (!columns) return columns.error();
  value.columns = *std::move(columns);
  value.columns_hash = schema->columns_hash();
  if (!value.columns.empty() && value.columns_hash != 0) {
    return Error{"columns travel by their names or by a hash of them, not by both"};
  }
  if (const Status image = check_image(*schema); !image) return image.error();
  value.rows = schema->rows();
  value.image_columns = schema->image_columns();
  value.channels = schema->channels();
  Result<std::vector<std::string>> classes = read_names(schema->classes(), kClassBounds);
  if (!classes) return classes.error();
  value.classes = *std::move(classes);
  Result<std::vector<float>> scales = read_floats(schema->feature_scales(), false);
  if (!scales) return scales.error();
  value.feature_scales = *std::move(scales);
  Result<std::vector<float>> offsets = read_floats(schema->feature_offsets(), true);
  if (!offsets) return offsets.error();
  value.feature_offsets = *std::move(offsets);
  if (value.feature_scales.size() != value.feature_offsets.size()) {
    return Error{fmt::format("a normalisation has {} scales and {} offsets",
                             value.feature_scales.size(), value.feature_offsets.size())};
  }
  return value;
}

}  // namespace psephos::wire
