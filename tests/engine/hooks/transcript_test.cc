#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/hooks/hook_test_util.h"

namespace kur {
namespace {

using testing::BuildResultHook;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordingHost;

TEST(TranscriptHookTest, ReadsThePreviousHookOrWithPassthroughTheModel) {
  HookData original;
  original.output_symbols["asr"] = {{"o", "n", "e"}, {"t", "w", "o"}};
  HookData current;
  current.output_symbols["asr"] = {{"t", "e", "n"}, {"t", "w", "o"}};
  RecordingHost host;
  ASSERT_TRUE(BuildResultHook("transcript", "{}")->Apply(current, original, &host).ok());
  ASSERT_TRUE(
      BuildResultHook("transcript", "{passthrough: yes}")->Apply(current, original, &host).ok());
  EXPECT_THAT(host.lines, ElementsAre("Prediction: \"ten\"", "Truth: \"two\"",
                                      "Prediction: \"one\"", "Truth: \"two\""));
}

TEST(TranscriptHookTest, TheOnlyOutputNeedsNoNameAndSeveralDo) {
  HookData data;
  data.output_symbols["words"] = {{"good", "bye"}, {"good", "day"}};
  RecordingHost host;
  ASSERT_TRUE(BuildResultHook("transcript", "{word: yes}")->Apply(data, data, &host).ok());
  EXPECT_THAT(host.lines, ElementsAre("Prediction: \"good bye\"", "Truth: \"good day\""));
  data.output_symbols["other"] = {};
  ASSERT_TRUE(BuildResultHook("transcript", "{}")->Apply(data, data, &host).ok());
  EXPECT_EQ(host.lines.size(), 2U);
  EXPECT_THAT(host.warnings, ElementsAre(HasSubstr("no transcripts for the output 'asr'")));
}

}  // namespace
}  // namespace kur
