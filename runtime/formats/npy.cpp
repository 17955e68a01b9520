#include "runtime/formats/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/base/check.h"

namespace psephos {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in memory");
static_assert(std::numeric_limits<float>::is_iec559);

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kPreambleBytes =
    12;  // magic, version, and version 2.0's length of the header

std::uint64_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

// ---- the dictionary ----------------------------------------------------------------------------

// What stands in the dictionary, before anything is made of it.
struct Dictionary {
  std::optional<std::string> type;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::uint64_t>> shape;
};

// Reads the one Python expression that numpy.save writes:
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, keys in any order, and nothing else
// of Python. Each step says whether it found what it looked for.
class DictionaryParser {
 public:
  explicit DictionaryParser(std::string_view text) : rest_(text) {}

  std::optional<Dictionary> parse() {
    Dictionary dictionary;
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      if (!entry(dictionary)) return std::nullopt;
      if (take(',')) continue;
      if (!take('}')) return std::nullopt;
      break;
    }
    skip_space();
    if (!rest_.empty() || !dictionary.type || !dictionary.fortran_order || !dictionary.shape) {
      return std::nullopt;
    }
    return dictionary;
  }

 private:
  // A key that stands there twice is as wrong as one that nobody knows.
  bool entry(Dictionary& dictionary) {
    const auto key = quoted();
    if (!key || !take(':')) return false;
    if (*key == "descr" && !dictionary.type) {
      dictionary.type = type();
      return dictionary.type.has_value();
    }
    if (*key == "fortran_order" && !dictionary.fortran_order) {
      dictionary.fortran_order = truth();
      return dictionary.fortran_order.has_value();
    }
    if (*key == "shape" && !dictionary.shape) {
      dictionary.shape = tuple();
      return dictionary.shape.has_value();
    }
    return false;
  }

  // Records have a list here: it is kept as it stands, for a sentence.
  std::optional<std::string> type() {
    if (take('[')) {
      const std::size_t end = rest_.rfind(']');
      if (end == std::string_view::npos) return std::nullopt;
      rest_.remove_prefix(end + 1);
      return "a list of fields";
    }
    return quoted();
  }

  std::optional<bool> truth() {
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    return std::nullopt;
  }

  std::optional<std::vector<std::uint64_t>> tuple() {
    std::vector<std::uint64_t> numbers;
    if (!take('(')) return std::nullopt;
    bool comma = true;
    while (!take(')')) {
      const auto next = comma ? number() : std::nullopt;
      if (!next || numbers.size() == kMaxNpyDimensions) return std::nullopt;
      numbers.push_back(*next);
      comma = take(',');
    }
    // (3) is a number in Python, (3,) a tuple.
    if (numbers.size() == 1 && !comma) return std::nullopt;
    return numbers;
  }

  std::optional<std::uint64_t> number() {
    skip_space();
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
    return value;
  }

  std::optional<std::string> quoted() {
    for (const char quote : {'\'', '"'}) {
      if (!take(quote)) continue;
      const std::size_t end = rest_.find(quote);
      if (end == std::string_view::npos) return std::nullopt;
      std::string text(rest_.substr(0, end));
      rest_.remove_prefix(end + 1);
      return text;
    }
    return std::nullopt;
  }

  bool take(char wanted) {
    skip_space();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_word(std::string_view word) {
    skip_space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  std::string_view rest_;
};

// ---- what it means -----------------------------------------------------------------------------

// Bytes of one value: "<f4" has 4. None for what is no number: text, dates, Python's objects.
std::optional<std::size_t> bytes_of(std::string_view type) {
  if (type.size() != 3 || std::string_view("<>|=").find(type[0]) == std::string_view::npos ||
      std::string_view("biufc").find(type[1]) == std::string_view::npos ||
      std::string_view("1248").find(type[2]) == std::string_view::npos) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(type[2] - '0');
}

// Text of a stranger's file in a sentence of ours.
std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string shown(text.substr(0, kMost));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text.size() > kMost ? shown + "..." : shown;
}

Status check_layout(const Dictionary& dictionary, std::string_view name) {
  const std::string& type = *dictionary.type;
  if (!bytes_of(type)) {
    return Error{
        fmt::format("{}: holds values of type '{}', not plain numbers; save numbers, for example "
                    "x.astype('<f4')",
                    name, printable(type))};
  }
  if (type[0] == '>') {
    return Error{
        fmt::format("{}: holds big-endian numbers ('{}'); save x.astype('<{}') instead of x", name,
                    type, type.substr(1))};
  }
  if (*dictionary.fortran_order && dictionary.shape->size() > 1) {
    return Error{
        fmt::format("{}: lies in Fortran order, column by column; save numpy.ascontiguousarray(x) "
                    "instead of x",
                    name)};
  }
  return Ok{};
}

// None where the array would have more than `most` bytes.
std::optional<std::uint64_t> count_values(std::span<const std::uint64_t> shape,
                                          std::size_t value_bytes, std::uint64_t most) {
  if (std::ranges::find(shape, 0u) != shape.end()) return 0;
  std::uint64_t values = 1;
  for (const std::uint64_t dimension : shape) {
    if (dimension > most / value_bytes / values) return std::nullopt;
    values *= dimension;
  }
  if (values > most / value_bytes) return std::nullopt;
  return values;
}

// The header's text, and where it ends.
struct Envelope {
  std::string_view text;
  std::size_t end;
};

Result<Envelope> open_envelope(std::span<const std::uint8_t> start, std::string_view name) {
  const std::string_view bytes(reinterpret_cast<const char*>(start.data()), start.size());
  if (!bytes.starts_with(kMagic)) {
    constexpr std::string_view kZip = "PK";
    return Error{fmt::format(
        "{}: is not a .npy file{}; save one array with numpy.save", name,
        bytes.starts_with(kZip) ? ", but a .npz or other archive of several files" : "")};
  }
  const Error cut_short{fmt::format("{}: the file is cut short; save or fetch it again", name)};
  const std::size_t length_at = kMagic.size() + kVersionBytes;
  if (start.size() < length_at) return cut_short;
  const unsigned major = start[kMagic.size()];
  const unsigned minor = start[kMagic.size() + 1];
  if ((major != 1 && major != 2) || minor != 0) {
    return Error{
        fmt::format("{}: is of version {}.{} of the .npy format, known are 1.0 and 2.0; save a "
                    "plain array of numbers with numpy.save",
                    name, major, minor)};
  }
  const std::size_t text_at = length_at + (major == 1 ? 2 : 4);
  if (start.size() < text_at) return cut_short;
  const std::uint64_t length = little_endian(start.subspan(length_at, text_at - length_at));
  if (length > kMaxNpyHeaderBytes) {
    return Error{
        fmt::format("{}: its header of {} bytes is longer than {}; save a plain array of "
                    "numbers with numpy.save",
                    name, length, kMaxNpyHeaderBytes)};
  }
  if (length > start.size() - text_at) return cut_short;
  return Envelope{bytes.substr(text_at, length), text_at + static_cast<std::size_t>(length)};
}

}  // namespace

Result<NpyHeader> parse_npy_header(std::span<const std::uint8_t> start, std::uint64_t file_bytes,
                                   std::string_view name) {
  PSEPHOS_CHECK(start.size() <= file_bytes, "a start that is longer than its file");
  const Result<Envelope> envelope = open_envelope(start, name);
  if (!envelope) return envelope.error();
  auto dictionary = DictionaryParser(envelope->text).parse();
  if (!dictionary) {
    return Error{fmt::format(
        "{}: its header does not read as numpy.save writes it, with at most {} dimensions: \"{}\"; "
        "save the array again",
        name, kMaxNpyDimensions, printable(envelope->text))};
  }
  if (const Status checked = check_layout(*dictionary, name); !checked) return checked.error();

  NpyHeader header;
  header.type = std::move(*dictionary->type);
  header.value_bytes = *bytes_of(header.type);
  header.shape = std::move(*dictionary->shape);
  header.header_bytes = envelope->end;
  const std::uint64_t there = file_bytes - header.header_bytes;
  const auto values = count_values(header.shape, header.value_bytes, there);
  if (!values) {
    return Error{fmt::format(
        "{}: its header promises an array of shape {} and type '{}', but only {} bytes follow: the "
        "file is cut short or damaged; save it again",
        name, shape_in_words(header.shape), header.type, there)};
  }
  header.values = *values;
  if (header.data_bytes() != there) {
    return Error{fmt::format(
        "{}: its header promises an array of shape {} and type '{}', which is {} bytes, but {} "
        "follow: the file is damaged, or holds more than one array; save it again",
        name, shape_in_words(header.shape), header.type, header.data_bytes(), there)};
  }
  return header;
}

Result<NpyFile> NpyFile::open(const std::filesystem::path& path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file) return file.error();
  std::vector<std::uint8_t> start(
      std::min<std::uint64_t>(kPreambleBytes + kMaxNpyHeaderBytes, file->size()));
  const Result<std::size_t> got = file->read_some(start);
  if (!got) return got.error();
  start.resize(*got);
  Result<NpyHeader> header = parse_npy_header(start, file->size(), file->name());
  if (!header) return header.error();
  if (const Status found = file->seek(header->header_bytes); !found) return found.error();
  return NpyFile(std::move(*file), std::move(*header));
}

Status NpyFile::expect_type(std::initializer_list<std::string_view> types) const {
  if (std::ranges::find(types, header_.type) != types.end()) return Ok{};
  std::string known;
  for (const std::string_view type : types) {
    known += fmt::format("{}'{}'", known.empty() ? "" : ", ", type);
  }
  return Error{fmt::format("{}: holds '{}', wanted is {}{}; save x.astype('{}') instead of x",
                           name(), header_.type, types.size() > 1 ? "one of " : "", known,
                           *(types.end() - 1))};
}

Status NpyFile::read(std::span<std::uint8_t> out) {
  PSEPHOS_CHECK(out.size() == header_.data_bytes(), "NpyFile::read: room for the whole array");
  return file_.read(out);
}

std::string shape_in_words(std::span<const std::uint64_t> shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

std::string npy_bytes(std::span<const float> values) {
  constexpr std::size_t kAlignment = 64;
  constexpr std::size_t kPreamble = 10;  // magic, version, length of the dictionary

  std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", values.size());
  const std::size_t unpadded = kPreamble + dictionary.size() + 1;
  dictionary.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  dictionary.push_back('\n');

  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.reserve(kPreamble + dictionary.size() + values.size_bytes());
  bytes.push_back(static_cast<char>(dictionary.size() & 0xff));
  bytes.push_back(static_cast<char>(dictionary.size() >> 8));
  bytes += dictionary;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return bytes;
}

}  // namespace psephos
