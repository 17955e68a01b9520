#pragma once
// A curve of any length in bounded memory, for pictures.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace psephos {

struct PlotPoint {
  double x = 0;
  double y = 0;
  bool operator==(const PlotPoint&) const = default;
};

inline constexpr std::size_t kMostCurvePoints = 2000;
// Larger magnitudes are not drawn: the span of two of them would be no number.
inline constexpr double kLargestPlotted = 1e300;

// A curve that takes any number of points and keeps at most kMostCurvePoints. Neighbours share a
// bucket, of which the lowest and the highest point stay: peaks survive, in bounded memory.
class Curve {
 public:
  // In the order of x. What is not finite, or beyond kLargestPlotted, is left out.
  void add(double x, double y);

  std::uint64_t size() const { return size_; }  // points added
  std::vector<PlotPoint> points() const;
  // The running mean over a thirtieth of the curve: what a noisy one does on the whole.
  std::vector<PlotPoint> smoothed() const;

 private:
  struct Bucket {
    PlotPoint low, high;
    double x_sum = 0;
    double y_sum = 0;
    std::uint64_t size = 0;
    void take(const Bucket& other);
  };
  static constexpr std::size_t kMostBuckets = kMostCurvePoints / 2 - 2;  // even: halved in pairs

  std::vector<Bucket> buckets_;
  std::uint64_t width_ = 1;  // points a bucket takes
  std::uint64_t size_ = 0;
  PlotPoint first_, last_;
};

}  // namespace psephos
