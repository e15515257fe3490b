#ifndef KUR_ENGINE_KURFILE_PLAN_LENGTH_SCALER_H_
#define KUR_ENGINE_KURFILE_PLAN_LENGTH_SCALER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/plan/model_plan.h"

namespace kur {

// How long an output is for an input of a given length: both along the first axis, by the rules
// that infer the shapes of the layers between them. One thread at a time.
class LengthScaler {
 public:
  // The input and the output of a plan, which must outlive this and whose shapes are known but for
  // extents that vary.
  LengthScaler(const ModelPlan& plan, std::string input, std::string output);

  // The length of the output; 0 for an input that is too short for a layer. INVALID_ARGUMENT if the
  // input's length does not tell.
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
