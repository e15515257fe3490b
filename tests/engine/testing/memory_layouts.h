#ifndef KUR_TESTS_ENGINE_TESTING_MEMORY_LAYOUTS_H_
#define KUR_TESTS_ENGINE_TESTING_MEMORY_LAYOUTS_H_

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace kur::testing {

// A tensor, and the name of its memory layout.
struct LaidOut {
  std::string name;
  at::Tensor tensor;
};

// Gives the values of `tensor` in every layout that an operator may meet: contiguous, with the axes
// in reverse order in memory, channels-last (of four or five axes), with other elements between,
// with other elements behind each row, and expanded (with other values: of the first sample, and of
// the first element of the last axis). What lies between is NaN.
std::vector<LaidOut> InEveryLayout(const at::Tensor& tensor);

}  // namespace kur::testing

#endif  // KUR_TESTS_ENGINE_TESTING_MEMORY_LAYOUTS_H_
