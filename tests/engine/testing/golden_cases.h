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

// Reads a file that tests/reference/engine_cases.py wrote.
nlohmann::json ReadCases(const std::string& name);

// Converts a tensor of such a file.
at::Tensor ToTensor(const nlohmann::json& packed, at::ScalarType type,
                    at::Device device = at::kCPU);

// Fails the test unless both have the same shape and nearly the same elements: within `tolerance`
// of the larger of 1 and the element.
void ExpectNear(const at::Tensor& actual, const at::Tensor& expected, double tolerance,
                const std::string& what);

// Returns how far results of a type may differ from those computed in double precision with
// seven digits.
double Tolerance(at::ScalarType type);

// Parses a YAML text. Fails the test if it is invalid.
Value Yaml(const std::string& text);

// Parses the options `yaml` of the kind `name`. Throws std::invalid_argument if they are invalid.
template <class KindType>
auto ParseSpec(const std::string& name, const std::string& yaml) {
  Diagnostics diagnostics;
  auto spec = Registry<KindType>::Get().Find(name)->parse(Yaml(yaml), name, &diagnostics);
  if (spec == nullptr) throw std::invalid_argument(diagnostics.ToStatus().ToString());
  return spec;
}

}  // namespace kur::testing

#endif  // KUR_TESTS_ENGINE_TESTING_GOLDEN_CASES_H_
