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

TEST(TextHookTest, PrintsEveryInputBeforeTheOutputsOfTheModel) {
  HookData original;
  original.input_symbols = {{"b", {"x", "y"}}, {"a", {"z"}}};
  original.output_symbols["c"] = {{"n", "o"}, {"y", "e", "s"}};
  RecordingHost host;
  // The hook reads what the model computed, whatever the previous hook returned.
  ASSERT_TRUE(BuildResultHook("text")->Apply(HookData(), original, &host).ok());
  EXPECT_THAT(host.lines, ElementsAre("Input: a: \"z\"", "Input: b: \"xy\"",
                                      "Prediction: c: \"no\"", "Truth: c: \"yes\""));
  EXPECT_THAT(host.warnings, IsEmpty());
}

TEST(TextHookTest, WarnsAboutDataWithoutSymbols) {
  HookData current;
  current.input_symbols["a"] = {"z"};
  RecordingHost host;
  ASSERT_TRUE(BuildResultHook("text")->Apply(current, HookData(), &host).ok());
  EXPECT_THAT(host.lines, IsEmpty());
  EXPECT_THAT(host.warnings, ElementsAre(HasSubstr("does not say what its numbers stand for")));
}

}  // namespace
}  // namespace kur
