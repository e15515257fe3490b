#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/hooks/hook_test_util.h"

namespace kur {
namespace {

using testing::BuildResultHook;
using testing::BuildTrainingHook;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RecordingHost;
using ::testing::SizeIs;

constexpr char kWebhook[] = "{channel: \"#train\", url: \"https://hooks.example/secret\"}";
constexpr char kBot[] = "{channel: \"#train\", token: xoxb-secret}";

std::vector<std::string> Texts(const RecordingHost& host) {
  std::vector<std::string> texts;
  for (const auto& message : host.messages) texts.push_back(message.json.at("text"));
  return texts;
}

TEST(SlackHookTest, PostsTheProgressOfATraining) {
  RecordingHost host;
  const auto hook = BuildTrainingHook("slack", kWebhook);
  TrainingStatus status;
  ASSERT_TRUE(hook->Notify(status, TrainingHistory(), &host).ok());
  status.phase = TrainingStatus::Phase::kRunning;
  status.epochs = 3;
  ASSERT_TRUE(hook->Notify(status, TrainingHistory(), &host).ok());
  status.total_epochs = 7;
  status.training_loss = 0.25;
  ASSERT_TRUE(hook->Notify(status, TrainingHistory(), &host).ok());
  status.phase = TrainingStatus::Phase::kEnded;
  status.validation_loss = 12345.678;
  ASSERT_TRUE(hook->Notify(status, TrainingHistory(), &host).ok());
  EXPECT_THAT(
      Texts(host),
      ElementsAre("Started training.", "Finished epoch 3.",
                  "Finished epoch 3 of 7. More information: Training loss = 0.25",
                  "Training has ended. More information: Training loss = 0.25, Validation loss = "
                  "1.235e+04"));
}

TEST(SlackHookTest, PostsTheFirstSampleOfEveryOutput) {
  HookData current;
  current.output_symbols["a"] = {{"n", "o"}, {"y", "e", "s"}};
  current.output_symbols["b"] = {{"x"}, {"x"}};
  RecordingHost host;
  ASSERT_TRUE(BuildResultHook("slack", kWebhook)->Apply(current, HookData(), &host).ok());
  EXPECT_THAT(Texts(host), ElementsAre("a: Truth = \"yes\", Prediction = \"no\"",
                                       "b: Truth = \"x\", Prediction = \"x\""));
}

TEST(SlackHookTest, AWebhookIsAnAddressAndABotAToken) {
  RecordingHost host;
  host.response = R"({"ok": true})";
  for (const char* const options : {kWebhook, kBot}) {
    ASSERT_TRUE(BuildTrainingHook("slack", options)->Notify({}, TrainingHistory(), &host).ok());
  }
  ASSERT_THAT(host.messages, SizeIs(2));
  EXPECT_EQ(host.messages[0].url, "https://hooks.example/secret");
  EXPECT_EQ(host.messages[0].bearer, "");
  EXPECT_EQ(host.messages[1].url, "https://slack.com/api/chat.postMessage");
  EXPECT_EQ(host.messages[1].bearer, "xoxb-secret");
  EXPECT_THAT(host.warnings, IsEmpty());
}

TEST(SlackHookTest, AMessageHasTheNameTheIconAndTheTitleOfTheKurfile) {
  RecordingHost host;
  const auto hook = BuildTrainingHook(
      "slack", "{channel: c, url: u, user: robin, icon: bird, title: \"model \\u00e9 1\"}");
  ASSERT_TRUE(hook->Notify({}, TrainingHistory(), &host).ok());
  ASSERT_THAT(host.messages, SizeIs(1));
  EXPECT_EQ(host.messages[0].json, nlohmann::json({{"channel", "c"},
                                                   {"username", "robin"},
                                                   {"icon_emoji", ":bird:"},
                                                   {"text", "model \u00e9 1: Started training."}}));
}

TEST(SlackHookTest, StopsAfterThreeConsecutiveFailures) {
  RecordingHost host;
  const auto hook = BuildTrainingHook("slack", kBot);
  const auto post = [&](absl::StatusOr<std::string> response) {
    host.response = std::move(response);
    return hook->Notify({}, TrainingHistory(), &host).ok();
  };
  const absl::Status down = absl::UnavailableError("no answer");
  EXPECT_TRUE(post(down));
  EXPECT_TRUE(post(R"({"ok": false})"));
  EXPECT_TRUE(post(R"({"ok": true})"));  // counting starts again
  EXPECT_TRUE(post("not JSON"));
  EXPECT_TRUE(post(down));
  EXPECT_TRUE(post(down));
  EXPECT_TRUE(post(R"({"ok": true})"));
  EXPECT_THAT(host.messages, SizeIs(6));
  EXPECT_THAT(host.warnings,
              ElementsAre(HasSubstr("could not post: no answer"),
                          HasSubstr("could not post: Slack refused the message"),
                          HasSubstr("could not post: Slack refused the message"),
                          HasSubstr("could not post: no answer"),
                          HasSubstr("could not post: no answer; it is not tried again")));
  EXPECT_THAT(absl::StrJoin(host.warnings, "\n"), Not(HasSubstr("secret")));
}

TEST(SlackHookTest, PostsNothingButFilesWithExtraOnly) {
  RecordingHost host;
  const auto hook = BuildTrainingHook("slack", "{channel: c, url: u, extra_only: yes}");
  ASSERT_TRUE(hook->Notify({}, TrainingHistory(), &host).ok());
  EXPECT_THAT(host.messages, IsEmpty());
}

}  // namespace
}  // namespace kur
