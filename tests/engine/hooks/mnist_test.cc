#include <ATen/ops/tensor.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/hooks/hook_test_util.h"

namespace kur {
namespace {

using testing::BuildResultHook;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RecordingHost;

at::Tensor Rows(const std::vector<float>& values, int64_t classes) {
  return at::tensor(values).reshape({-1, classes});
}

TEST(MnistHookTest, CountsTheOutputsOfTheModelAndPassesOnTheDataOfThePreviousHook) {
  HookData original;
  // The most probable classes are 1, 1, 0; the true ones 1, 0, 0.
  original.result["digit"] = Rows({0.1F, 0.9F, 0.4F, 0.6F, 0.8F, 0.2F}, 2);
  original.truth["digit"] = Rows({0, 1, 1, 0, 1, 0}, 2);
  HookData current;
  current.result["digit"] = Rows({1, 0}, 2);
  RecordingHost host;
  const auto passed_on = BuildResultHook("mnist")->Apply(current, original, &host);
  ASSERT_TRUE(passed_on.ok());
  EXPECT_TRUE(passed_on->result.at("digit").equal(current.result.at("digit")));
  EXPECT_THAT(
      host.lines,
      ElementsAre("LABEL     CORRECT   TOTAL     ACCURACY", "0         1         2          50.0%",
                  "1         1         1         100.0%", "ALL       2         3          66.7%"));
  EXPECT_THAT(host.warnings, IsEmpty());
}

TEST(MnistHookTest, WarnsAboutATruthOfAnotherShape) {
  HookData data;
  data.result["digit"] = Rows({0.1F, 0.9F}, 2);
  data.truth["digit"] = Rows({0, 1, 1, 0}, 2);
  RecordingHost host;
  ASSERT_TRUE(BuildResultHook("mnist")->Apply(data, data, &host).ok());
  EXPECT_THAT(host.lines, IsEmpty());
  EXPECT_THAT(host.warnings, ElementsAre(HasSubstr("'digit' is not one number for each class")));
}

}  // namespace
}  // namespace kur
