#include "engine/hooks/training_history.h"

namespace kur {
namespace {

using Point = TrainingHistory::Point;

// More points than a chart has pixels would show nothing more.
constexpr size_t kMaxPoints = 2000;

// Removes the first of every two points.
void DropEverySecond(std::vector<Point>* points) {
  std::vector<Point> thinned;
  for (size_t i = 1; i < points->size(); i += 2) thinned.push_back((*points)[i]);
  *points = std::move(thinned);
}

// Replaces every two points by the later one with their mean loss.
void MergePairs(std::vector<Point>* points) {
  for (size_t i = 1; i < points->size(); i += 2) {
    (*points)[i].loss = ((*points)[i - 1].loss + (*points)[i].loss) / 2;
  }
  DropEverySecond(points);
}

}  // namespace

void TrainingHistory::AddBatch(const Point& point) {
  sum_ = {point.batch, point.seconds, sum_.loss + point.loss};
  if (++summed_ < stride_) return;
  points_.push_back({sum_.batch, sum_.seconds, sum_.loss / static_cast<double>(summed_)});
  sum_ = {};
  summed_ = 0;
  if (points_.size() < kMaxPoints) return;
  MergePairs(&points_);
  stride_ *= 2;
}

void TrainingHistory::AddValidation(const std::string& set, const Point& point) {
  std::vector<Point>& points = validations_[set];
  points.push_back(point);
  if (points.size() >= kMaxPoints) DropEverySecond(&points);
}

std::vector<Point> TrainingHistory::Batches() const {
  std::vector<Point> points = points_;
  if (summed_ > 0) {
    points.push_back({sum_.batch, sum_.seconds, sum_.loss / static_cast<double>(summed_)});
  }
  return points;
}

}  // namespace kur
