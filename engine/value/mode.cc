#include "engine/value/mode.h"

namespace kur {

std::string ToString(Mode mode) {
  switch (mode) {
    case Mode::kTrain:
      return "train";
    case Mode::kTest:
      return "test";
    case Mode::kEvaluate:
      return "evaluate";
    case Mode::kInspect:
      return "inspect";
  }
  return "";
}

}  // namespace kur
