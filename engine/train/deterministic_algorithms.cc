#include "engine/train/deterministic_algorithms.h"

#include <ATen/Context.h>

namespace kur {

DeterministicAlgorithms::DeterministicAlgorithms() {
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
}

DeterministicAlgorithms::~DeterministicAlgorithms() {
  at::globalContext().setDeterministicAlgorithms(false, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(false);
}

}  // namespace kur
