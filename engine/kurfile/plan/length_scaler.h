#ifndef KUR_ENGINE_KURFILE_PLAN_LENGTH_SCALER_H_
#define KUR_ENGINE_KURFILE_PLAN_LENGTH_SCALER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/plan/model_plan.h"

namespace kur {

// Computes the length of an output from that of a layer before it, both along the first axis, by
// inferring the shapes of the layers between them. Not thread-safe: caches lengths.
class LengthScaler {
 public:
  // `input` and `output` are layers of `plan`, which must outlive the scaler; `output` depends on
  // `input`, or is it. Their shapes must be known except for extents that vary.
  LengthScaler(const ModelPlan& plan, std::string input, std::string output);

  // Returns the length of the output; 0 for an input that is too short for a layer.
  // INVALID_ARGUMENT if the length of the output does not follow from that of the input.
  absl::StatusOr<int64_t> Scale(int64_t length);

 private:
  absl::StatusOr<int64_t> Infer(int64_t length) const;

  const ModelPlan& plan_;
  std::string input_;
  std::string output_;
  std::vector<bool> needed_;  // by layer: whether the output depends on it
  std::map<int64_t, int64_t> known_;
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_LENGTH_SCALER_H_
