#include <ATen/ops/tensor.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/hooks/hook_test_util.h"

namespace kur {
namespace {

using testing::BuildResultHook;
using testing::RecordingHost;

TEST(OutputHookTest, WritesTheDataOfThePreviousHookInEveryFormat) {
  HookData original;
  original.result["y"] = at::tensor({1.0F});
  HookData current;
  current.result["y"] = at::tensor({2.0F});
  RecordingHost host;
  for (const char* options : {"a.pkl", "{path: b.csv, format: csv}"}) {
    const auto passed_on = BuildResultHook("output", options)->Apply(current, original, &host);
    ASSERT_TRUE(passed_on.ok());
    EXPECT_EQ(passed_on->result.at("y").item<float>(), 2);
  }
  ASSERT_EQ(host.results.size(), 2U);
  EXPECT_EQ(host.results.at("a.pkl as auto").result.at("y").item<float>(), 2);
  EXPECT_EQ(host.results.at("b.csv as csv").result.at("y").item<float>(), 2);
}

}  // namespace
}  // namespace kur
