#include "tests/engine/testing/golden_cases.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/ones_like.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "engine/kurfile/yaml/yaml.h"
#include "gtest/gtest.h"

namespace kur::testing {

nlohmann::json ReadCases(const std::string& name) {
  std::ifstream file(std::string(KUR_TEST_DATA_DIR) + "/engine/" + name);
  return nlohmann::json::parse(file);
}

at::Tensor ToTensor(const nlohmann::json& packed, at::ScalarType type, at::Device device) {
  const auto values = packed.at("data").get<std::vector<double>>();
  const at::Tensor tensor = at::empty(packed.at("shape").get<std::vector<int64_t>>(), at::kDouble);
  EXPECT_EQ(tensor.numel(), static_cast<int64_t>(values.size()));
  std::copy(values.begin(), values.end(), tensor.data_ptr<double>());
  return tensor.to(device, type);
}

void ExpectNear(const at::Tensor& actual, const at::Tensor& expected, double tolerance,
                const std::string& what) {
  ASSERT_TRUE(actual.defined()) << what;
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  if (expected.numel() == 0) return;
  const at::Tensor wanted = expected.to(at::kCPU, at::kDouble);
  const at::Tensor difference = (actual.detach().to(at::kCPU, at::kDouble) - wanted).abs();
  const double error =
      (difference / at::maximum(wanted.abs(), at::ones_like(wanted))).max().item<double>();
  EXPECT_LE(error, tolerance) << what;
}

double Tolerance(at::ScalarType type) { return type == at::kDouble ? 1e-6 : 2e-5; }

Value Yaml(const std::string& text) {
  auto value = ParseYaml(text, std::make_shared<const std::string>("test.yml"));
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *std::move(value) : Value();
}

}  // namespace kur::testing
