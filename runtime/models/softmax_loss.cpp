#include "runtime/models/softmax_loss.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace psephos {
namespace {

using AlignedArrayView = Eigen::Map<Eigen::ArrayXf, Eigen::Aligned64>;

double sum_of(std::span<const float> row) {
  double sum = 0;
  for (const float value : row) sum += value;
  return sum;
}

std::size_t index_of_largest(std::span<const float> row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

// The power series is Eigen's, on whole registers: libm's expf has variants that the loader picks
// by processor, and gradients would differ from machine to machine.
void exponentials(std::size_t samples, std::size_t classes, float* logits, float* powers) {
  const std::size_t count = samples * classes;
  for (std::size_t begin = 0; begin < count; begin += classes) {
    const std::span<float> row(logits + begin, classes);
    const float largest = row[index_of_largest(row)];
    for (float& logit : row) logit -= largest;
  }
  const std::size_t end = padded(count);
  std::fill(logits + count, logits + end, 0.0f);
  const auto size = static_cast<Eigen::Index>(end);
  AlignedArrayView(powers, size) = AlignedArrayView(logits, size).exp();
}

}  // namespace

double softmax_errors(std::span<const std::uint8_t> labels, std::size_t classes, float* logits,
                      float* errors) {
  exponentials(labels.size(), classes, logits, errors);
  const float share = 1.0f / static_cast<float>(labels.size());
  double loss_sum = 0;
  for (const std::uint8_t label : labels) {
    const std::span<float> row(errors, classes);
    const double sum = sum_of(row);
    loss_sum += std::log(sum) - static_cast<double>(logits[label]);
    const auto normaliser = static_cast<float>(1.0 / sum);
    for (float& error : row) error *= normaliser;
    row[label] -= 1.0f;
    for (float& error : row) error *= share;
    logits += classes;
    errors += classes;
  }
  return loss_sum;
}

LossAndHits softmax_loss(std::span<const std::uint8_t> labels, std::size_t classes, float* logits,
                         float* powers) {
  exponentials(labels.size(), classes, logits, powers);
  LossAndHits result;
  result.samples = labels.size();
  for (const std::uint8_t label : labels) {
    const std::span<const float> row(logits, classes);
    result.loss_sum += std::log(sum_of({powers, classes})) - static_cast<double>(row[label]);
    if (index_of_largest(row) == label) ++result.hits;
    logits += classes;
    powers += classes;
  }
  return result;
}

}  // namespace psephos
