#include "runtime/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/data/idx.h"
#include "runtime/data/synthetic.h"

namespace psephos {
namespace {

constexpr std::string_view kSynthetic = "synthetic";
constexpr std::string_view kFashionMnist = "fashion-mnist";
constexpr std::string_view kIdx = "idx:";
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
  return Samples{std::move(image_bytes).value(), std::move(label_bytes).value()};
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
  dataset.features = train->features.shape(1);
  dataset.classes = std::max<std::size_t>(largest_label(*train) + 1, 2);
  dataset.train = std::move(train).value();
  if (parts == DatasetParts::kTrainOnly) return std::make_shared<const Dataset>(std::move(dataset));

  Result<Samples> test = read_samples(folder, "t10k");
  if (!test) return test.error();
  if (test->features.shape(1) != dataset.features) {
    return Error{
        fmt::format("{}: training images have {} bytes, test images {}; use files of one "
                    "set",
                    folder.string(), dataset.features, test->features.shape(1))};
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

}  // namespace

Status check_dataset_words(std::string_view words) {
  if (words == kSynthetic || words == kFashionMnist || words.starts_with(kIdx)) return Ok{};
  return Error{
      fmt::format("--dataset {}: unknown; known are fashion-mnist, idx:DIR and synthetic", words)};
}

Result<DatasetRef> load_dataset(std::string_view words, DatasetParts parts) {
  if (const Status known = check_dataset_words(words); !known) return known.error();
  if (words == kSynthetic) return std::make_shared<const Dataset>(make_synthetic());
  if (words == kFashionMnist) {
    if (!is_there(kFashionMnistFolder)) {
      return Error{
          fmt::format("--dataset fashion-mnist: {} is not there; install the package "
                      "dataset-fashion-mnist, or use idx:DIR",
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

void gather(const Samples& samples, std::span<const std::uint32_t> indices,
            const Normalisation& normalisation, std::span<float> inputs,
            std::span<std::uint8_t> labels) {
  const std::size_t features = samples.features.shape(1);
  PSEPHOS_CHECK(inputs.size() == indices.size() * features && labels.size() == indices.size(),
                "gather: one row and one label per index");
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::size_t index = indices[i];
    PSEPHOS_CHECK(index < samples.size(), "gather: an index beyond the samples");
    kernels::kernels().normalise(samples.features.data() + index * features, features,
                                 normalisation.scale, normalisation.offset,
                                 inputs.data() + i * features);
    labels[i] = samples.labels.data()[index];
  }
}

}  // namespace psephos
