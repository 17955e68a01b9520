#include "runtime/report/curve.h"

#include <algorithm>
#include <cmath>

namespace psephos {
namespace {

constexpr double kMeanShare = 1.0 / 60;  // of the curve, to either side

}  // namespace

void Curve::Bucket::take(const Bucket& other) {
  if (size == 0 || other.low.y < low.y) low = other.low;
  if (size == 0 || other.high.y > high.y) high = other.high;
  x_sum += other.x_sum;
  y_sum += other.y_sum;
  size += other.size;
}

void Curve::add(double x, double y) {
  // Written so that NaN is left out, too.
  if (!(std::abs(x) <= kLargestPlotted && std::abs(y) <= kLargestPlotted)) return;
  const PlotPoint point{x, y};
  if (size_ == 0) first_ = point;
  last_ = point;
  ++size_;
  if (buckets_.empty() || buckets_.back().size == width_) {
    if (buckets_.size() == kMostBuckets) {
      for (std::size_t i = 0; i < kMostBuckets / 2; ++i) {
        Bucket pair = buckets_[2 * i];
        pair.take(buckets_[2 * i + 1]);
        buckets_[i] = pair;
      }
      buckets_.resize(kMostBuckets / 2);
      width_ *= 2;
    }
    buckets_.emplace_back();
  }
  buckets_.back().take({point, point, x, y, 1});
}

std::vector<PlotPoint> Curve::points() const {
  std::vector<PlotPoint> points;
  if (size_ == 0) return points;
  points.push_back(first_);
  const auto add = [&points](const PlotPoint& point) {
    if (points.back() != point) points.push_back(point);
  };
  for (const Bucket& bucket : buckets_) {
    const bool low_first = bucket.low.x <= bucket.high.x;
    add(low_first ? bucket.low : bucket.high);
    add(low_first ? bucket.high : bucket.low);
  }
  add(last_);
  // An evaluation may have come after that of a later round.
  std::ranges::stable_sort(points, {}, &PlotPoint::x);
  return points;
}

std::vector<PlotPoint> Curve::smoothed() const {
  const std::size_t n = buckets_.size();
  const auto most_reach = static_cast<std::size_t>(static_cast<double>(n) * kMeanShare);
  std::vector<PlotPoint> points;
  for (std::size_t i = 0; i < n; ++i) {
    // Where a curve begins it falls, and a mean of what follows would lie below it. Where it ends
    // it is flat and noisy.
    const std::size_t back = std::min(most_reach, i);
    const std::size_t ahead = std::min(i + back, n - 1);
    Bucket around;
    for (std::size_t j = i - back; j <= ahead; ++j) around.take(buckets_[j]);
    const auto size = static_cast<double>(around.size);
    points.push_back({around.x_sum / size, around.y_sum / size});
  }
  return points;
}

}  // namespace psephos
