#ifndef KUR_ENGINE_HOOKS_TRAINING_HISTORY_H_
#define KUR_ENGINE_HOOKS_TRAINING_HISTORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kur {

// The losses of a training, for charts. Memory is bounded: a longer training has points further
// apart. Not thread-safe.
class TrainingHistory {
 public:
  struct Point {
    double batch = 0;    // the number of batches trained, from 1
    double seconds = 0;  // since the training began
    double loss = 0;
  };

  // Adds the loss of a batch. Precondition: `batch` and `seconds` grow from call to call.
  void AddBatch(const Point& point);
  // Adds the loss of a validation. `set` names the validation set; empty if there is only one.
  void AddValidation(const std::string& set, const Point& point);

  // Returns points that each have the mean loss of equally many batches; the last may have fewer.
  std::vector<Point> Batches() const;
  // Returns the validations by the name of the set.
  const std::map<std::string, std::vector<Point>>& validations() const { return validations_; }

 private:
  std::vector<Point> points_;
  Point sum_;           // of the batches since the last point
  int64_t summed_ = 0;  // the number of these batches
  int64_t stride_ = 1;  // batches per point
  std::map<std::string, std::vector<Point>> validations_;
};

}  // namespace kur

#endif  // KUR_ENGINE_HOOKS_TRAINING_HISTORY_H_
