#ifndef KUR_ENGINE_HOOKS_TRAINING_HISTORY_H_
#define KUR_ENGINE_HOOKS_TRAINING_HISTORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kur {

// The course of a training in so many points that it can be drawn: a long one is kept more
// coarsely, never in more memory. Not thread-safe.
class TrainingHistory {
 public:
  struct Point {
    double batch = 0;    // batches trained, from 1
    double seconds = 0;  // since training began
    double loss = 0;
  };

  // `batch` and `seconds` grow from call to call.
  void AddBatch(const Point& point);
  // `set` is empty where there is one set.
  void AddValidation(const std::string& set, const Point& point);

  // Every point stands for as many batches, and has their mean loss; the last may stand for fewer.
  std::vector<Point> Batches() const;
  // By the name of the set.
  const std::map<std::string, std::vector<Point>>& validations() const { return validations_; }

 private:
  std::vector<Point> points_;
  Point sum_;  // of the batches that are no point yet
  int64_t summed_ = 0;
  int64_t stride_ = 1;  // batches in a point
  std::map<std::string, std::vector<Point>> validations_;
};

}  // namespace kur

#endif  // KUR_ENGINE_HOOKS_TRAINING_HISTORY_H_
