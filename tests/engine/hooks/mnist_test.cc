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

TEST(MnistHookTest, CountsTheClassesOfTheOutputLabels) {
  HookData data;
  // The most probable classes are 0, 2, 1, 2; the true ones 0, 0, 1, 0.
  data.result["labels"] = Rows({.7F, .2F, .1F, .1F, .2F, .7F, .1F, .5F, .4F, .3F, .3F, .4F}, 3);
  data.truth["labels"] = Rows({1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0}, 3);
  data.result["other"] = at::tensor({1.F});
  RecordingHost host;
  ASSERT_TRUE(BuildResultHook("mnist")->Apply(data, data, &host).ok());
  EXPECT_THAT(
      host.lines,
      ElementsAre("LABEL     CORRECT   TOTAL     ACCURACY", "0         1         3          33.3%",
                  "1         1         1         100.0%", "2         0         0           0.0%",
                  "ALL       2         4          50.0%"));
  EXPECT_THAT(host.warnings, IsEmpty());
}

TEST(MnistHookTest, CountsTheOnlyOutputOfTheModelAndPassesOnTheDataOfThePreviousHook) {
  HookData original;
  original.result["digit"] = Rows({0.1F, 0.9F, 0.4F, 0.6F, 0.8F, 0.2F}, 2);
  original.truth["digit"] = Rows({0, 1, 1, 0, 1, 0}, 2);
  HookData current;
  current.result["digit"] = Rows({1, 0}, 2);
  RecordingHost host;
  const auto passed_on = BuildResultHook("mnist")->Apply(current, original, &host);
  ASSERT_TRUE(passed_on.ok());
  EXPECT_TRUE(passed_on->result.at("digit").equal(current.result.at("digit")));
  EXPECT_EQ(host.lines.back(), "ALL       2         3          66.7%");
}

TEST(MnistHookTest, WarnsWhyItCannotCount) {
  HookData data;
  RecordingHost host;
  const auto apply = [&] { return BuildResultHook("mnist")->Apply(data, data, &host).ok(); };
  data.result["y"] = Rows({1, 2}, 1);
  EXPECT_TRUE(apply());
  data.truth["y"] = at::tensor({1.F, 2.F});
  EXPECT_TRUE(apply());
  data.result["z"] = data.result["y"];
  EXPECT_TRUE(apply());
  EXPECT_THAT(host.lines, IsEmpty());
  EXPECT_THAT(host.warnings, ElementsAre(HasSubstr("the data has no 'y'"),
                                         HasSubstr("'y' is not one number for each class"),
                                         HasSubstr("several outputs, none of them 'labels'")));
}

}  // namespace
}  // namespace kur
