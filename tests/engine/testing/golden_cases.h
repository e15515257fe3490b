#ifndef KUR_TESTS_ENGINE_TESTING_GOLDEN_CASES_H_
#define KUR_TESTS_ENGINE_TESTING_GOLDEN_CASES_H_

#include <ATen/core/Tensor.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "engine/base/registry.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"
#include "nlohmann/json.hpp"

namespace kur::testing {

// A file that tests/reference/engine_cases.py wrote.
nlohmann::json ReadCases(const std::string& name);

// A tensor of such a file.
at::Tensor ToTensor(const nlohmann::json& packed, at::ScalarType type);

// Fails the test unless both have the same shape and nearly the same elements: within `tolerance`
// of the larger of 1 and the element.
void ExpectNear(const at::Tensor& actual, const at::Tensor& expected, double tolerance,
                const std::string& what);

// How far results in that type may be from those computed in double precision and written with
// seven digits.
double Tolerance(at::ScalarType type);

// The value of a YAML text. Fails the test if it is none.
Value Yaml(const std::string& text);

// The spec of the kind `name` that a Kurfile would describe by `yaml`.
template <class KindType>
auto ParseSpec(const std::string& name, const std::string& yaml) {
  Diagnostics diagnostics;
  auto spec = Registry<KindType>::Get().Find(name)->parse(Yaml(yaml), name, &diagnostics);
  if (spec == nullptr) throw std::invalid_argument(diagnostics.ToStatus().ToString());
  return spec;
}

}  // namespace kur::testing

#endif  // KUR_TESTS_ENGINE_TESTING_GOLDEN_CASES_H_
