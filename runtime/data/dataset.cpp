#include "runtime/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "runtime/base/check.h"
#include "runtime/data/csv_samples.h"
#include "runtime/data/idx.h"
#include "runtime/data/npy_samples.h"
#include "runtime/data/split.h"
#include "runtime/data/synthetic.h"

namespace psephos {
namespace {

constexpr std::string_view kSynthetic = "synthetic";
constexpr std::string_view kFashionMnist = "fashion-mnist";
constexpr std::string_view kIdx = "idx:";
constexpr std::string_view kNpy = "npy:";
constexpr std::string_view kCsv = "csv:";
constexpr const char* kFashionMnistFolder = "/usr/share/datasets/fashion-mnist";

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// `name` in `folder`, plain or gzipped.
Result<std::filesystem::path> find_file(const std::filesystem::path& folder,
                                        const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"}) {
    if (is_there(folder / candidate)) return folder / candidate;
  }
  return Error{fmt::format("{}: has neither {} nor {}.gz; idx:DIR wants MNIST's four files",
                           folder.string(), name, name)};
}

Result<Samples> read_samples(const std::filesystem::path& folder, const std::string& prefix) {
  Result<std::filesystem::path> images = find_file(folder, prefix + "-images-idx3-ubyte");
  if (!images) return images.error();
  Result<std::filesystem::path> labels = find_file(folder, prefix + "-labels-idx1-ubyte");
  if (!labels) return labels.error();

  // Labels first: they are small, and a wrong folder is told apart sooner.
  Result<xt::xtensor<std::uint8_t, 1>> label_bytes = read_idx_labels(*labels);
  if (!label_bytes) return label_bytes.error();
  Result<xt::xtensor<std::uint8_t, 2>> image_bytes = read_idx_images(*images);
  if (!image_bytes) return image_bytes.error();
  if (image_bytes->shape(0) != label_bytes->size()) {
    return Error{fmt::format("{} holds {} images, {} holds {} labels; use files of one set",
                             images->string(), image_bytes->shape(0), labels->string(),
                             label_bytes->size())};
  }
  return Samples{FeatureTable(std::move(*image_bytes)), std::move(*label_bytes)};
}

std::size_t largest_label(const Samples& samples) {
  return *std::max_element(samples.labels.begin(), samples.labels.end());
}

Result<DatasetRef> load_idx_folder(std::string_view words, const std::filesystem::path& folder,
                                   DatasetParts parts) {
  Result<Samples> train = read_samples(folder, "train");
  if (!train) return train.error();
  Dataset dataset;
  dataset.name = words;
  dataset.features = train->features.columns();
  dataset.classes = std::max<std::size_t>(largest_label(*train) + 1, 2);
  dataset.train = std::move(train).value();
  if (parts == DatasetParts::kTrainOnly) return std::make_shared<const Dataset>(std::move(dataset));

  Result<Samples> test = read_samples(folder, "t10k");
  if (!test) return test.error();
  if (test->features.columns() != dataset.features) {
    return Error{
        fmt::format("{}: training images have {} bytes, test images {}; use files of one "
                    "set",
                    folder.string(), dataset.features, test->features.columns())};
  }
  if (largest_label(*test) >= dataset.classes) {
    return Error{
        fmt::format("{}: the test set has labels beyond the model's classes ({} in the "
                    "training set, test label {}); use files of one set",
                    folder.string(), dataset.classes, largest_label(*test))};
  }
  dataset.test = std::move(test).value();
  return std::make_shared<const Dataset>(std::move(dataset));
}

// The two halves of words such as "IMAGES,LABELS", neither of them empty.
struct Halves {
  std::string_view first;
  std::string_view second;
};

std::optional<Halves> halves(std::string_view words, std::size_t at) {
  if (at == std::string_view::npos || at == 0 || at + 1 == words.size()) return std::nullopt;
  return Halves{words.substr(0, at), words.substr(at + 1)};
}

std::optional<Halves> npy_files(std::string_view words) {
  words.remove_prefix(kNpy.size());
  const std::size_t comma = words.find(',');
  return comma == words.rfind(',') ? halves(words, comma) : std::nullopt;
}

// The last colon counts: a file's name may hold others.
std::optional<Halves> csv_file_and_column(std::string_view words) {
  words.remove_prefix(kCsv.size());
  return halves(words, words.rfind(':'));
}

// Of words that check_dataset_words has passed.
Result<Samples> read_own_samples(std::string_view words) {
  if (words.starts_with(kNpy)) {
    const Halves files = *npy_files(words);
    return read_npy_samples(files.first, files.second);
  }
  const Halves parts = *csv_file_and_column(words);
  return read_csv_samples(parts.first, parts.second);
}

Result<DatasetRef> load_own_samples(std::string_view words, DatasetParts parts,
                                    double test_fraction) {
  Result<Samples> samples = read_own_samples(words);
  if (!samples) return samples.error();
  Dataset dataset;
  dataset.name = words;
  dataset.features = samples->features.columns();
  dataset.classes = std::max<std::size_t>(largest_label(*samples) + 1, 2);
  dataset.train = std::move(*samples);
  if (test_fraction > 0) {
    Result<Dataset> split = hold_back(dataset, test_fraction, HeldBackAs::kTest);
    if (!split) return split.error();
    dataset = std::move(*split);
  }
  if (parts == DatasetParts::kTrainOnly) dataset.test = {};
  return std::make_shared<const Dataset>(std::move(dataset));
}

}  // namespace

bool brings_test_set(std::string_view words) {
  return !words.starts_with(kNpy) && !words.starts_with(kCsv);
}

Status check_dataset_words(std::string_view words, std::optional<double> test_fraction) {
  if (words.starts_with(kNpy) && !npy_files(words)) {
    return Error{fmt::format(
        "--dataset {}: give two files with a comma between them, as in npy:images.npy,labels.npy",
        words)};
  }
  if (words.starts_with(kCsv) && !csv_file_and_column(words)) {
    return Error{
        fmt::format("--dataset {}: give a file and its column of labels, by name or counted from "
                    "1, as in csv:irises.csv:species",
                    words)};
  }
  if (words != kSynthetic && words != kFashionMnist && !words.starts_with(kIdx) &&
      brings_test_set(words)) {
    return Error{
        fmt::format("--dataset {}: unknown; known are fashion-mnist, synthetic, idx:DIR, "
                    "npy:IMAGES,LABELS and csv:FILE:LABEL_COLUMN",
                    words)};
  }
  if (test_fraction && brings_test_set(words)) {
    return Error{fmt::format(
        "--test-fraction: {} brings a test set of its own; leave the flag away", words)};
  }
  if (test_fraction && !(*test_fraction >= 0 && *test_fraction <= kMaxTestFraction)) {
    return Error{fmt::format("--test-fraction {}: must be a share from 0 to {}", *test_fraction,
                             kMaxTestFraction)};
  }
  return Ok{};
}

Result<DatasetRef> load_dataset(std::string_view words, DatasetParts parts,
                                std::optional<double> test_fraction) {
  if (const Status known = check_dataset_words(words, test_fraction); !known) return known.error();
  if (!brings_test_set(words)) {
    return load_own_samples(words, parts, test_fraction.value_or(kDefaultTestFraction));
  }
  if (words == kSynthetic) return std::make_shared<const Dataset>(make_synthetic());
  if (words == kFashionMnist) {
    if (!is_there(kFashionMnistFolder)) {
      return Error{
          fmt::format("--dataset fashion-mnist: {} is not there; install the package "
                      "dataset-fashion-mnist, or use other data",
                      kFashionMnistFolder)};
    }
    return load_idx_folder(words, kFashionMnistFolder, parts);
  }
  const std::filesystem::path folder(words.substr(kIdx.size()));
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    return Error{
        fmt::format("--dataset {}: no such folder; give the one that holds MNIST's four "
                    "files",
                    words)};
  }
  return load_idx_folder(words, folder, parts);
}

// How long before its turn a row is asked for.
constexpr std::size_t kRowsAhead = 4;

void gather(const Samples& samples, std::span<const std::uint32_t> indices,
            const Normalisation& normalisation, std::span<float> inputs,
            std::span<std::uint8_t> labels) {
  const std::size_t features = samples.features.columns();
  PSEPHOS_CHECK(inputs.size() == indices.size() * features && labels.size() == indices.size(),
                "gather: one row and one label per index");
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i + kRowsAhead < indices.size()) samples.features.prefetch(indices[i + kRowsAhead]);
    const std::size_t index = indices[i];
    PSEPHOS_CHECK(index < samples.size(), "gather: an index beyond the samples");
    samples.features.normalise(index, normalisation, inputs.subspan(i * features, features));
    labels[i] = samples.labels.data()[index];
  }
}

}  // namespace psephos
