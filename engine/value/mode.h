#ifndef KUR_ENGINE_VALUE_MODE_H_
#define KUR_ENGINE_VALUE_MODE_H_

#include <string>

namespace kur {

// What a job does with its Kurfile.
enum class Mode {
  kTrain,
  kTest,
  kEvaluate,
  kInspect,  // shows the data of all sections
};

// Returns "train", "test", "evaluate" or "inspect".
std::string ToString(Mode mode);

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_MODE_H_
