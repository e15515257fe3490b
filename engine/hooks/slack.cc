// slack: posts to a channel of Slack. The webhook's address and the token are secrets, as they
// allow anybody to post; no message may show them.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/schema/credential.h"
#include "engine/kurfile/specs/hook_spec.h"
#if KUR_RUNTIME
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/hooks/hook.h"
#endif

namespace kur {
namespace {

constexpr char kBotUrl[] = "https://slack.com/api/chat.postMessage";

struct SlackSpec : HookSpec {
  std::string channel;
  std::optional<Credential> url;
  std::optional<Credential> token;
  std::string user = "kur";
  std::string icon = "dragon";
  std::optional<std::string> title;
  std::vector<std::string> extra_files;
  bool extra_only = false;

  std::string kind() const override { return "slack"; }
  bool IsForTraining() const override { return true; }
  bool IsForResults() const override { return true; }
  std::vector<SecretUse> Secrets() const override {
    std::vector<SecretUse> uses;
    if (url) AppendSecretUse(*url, "", &uses);
    // The address of a webhook comes before a token.
    if (token && !url) AppendSecretUse(*token, kBotUrl, &uses);
    return uses;
  }
};

const Fields<SlackSpec>& SlackFields() {
  static const auto* const kFields = new Fields<SlackSpec>(
      Fields<SlackSpec>()
          .Required("channel", &SlackSpec::channel, "the channel to post to")
          .Example("\"#training\"")
          .Optional("url", &SlackSpec::url, "the address of the incoming webhook")
          .Example("secret:SLACK_URL")
          .Optional("token", &SlackSpec::token, "of a bot, in place of the webhook")
          .Example("secret:SLACK_TOKEN")
          .Optional("user", &SlackSpec::user, "the name to post under")
          .Optional("icon", &SlackSpec::icon, "the emoji beside it")
          .Optional("title", &SlackSpec::title, "what every message begins with")
          .Example("model 1")
          .Optional("extra_files", &SlackSpec::extra_files,
                    "of no effect: Slack has closed the way by which Kur uploaded files")
          .Example("[loss.svg]")
          .Optional("extra_only", &SlackSpec::extra_only,
                    "whether to post nothing but extra_files, and so nothing"));
  return *kFields;
}

std::shared_ptr<const HookSpec> ParseSlack(const Value& value, const std::string& key,
                                           Diagnostics* diagnostics) {
  auto spec = std::make_shared<SlackSpec>();
  spec->location = value.location();
  spec->key = key;
  const auto fail = [&](std::string message) {
    diagnostics->Error(value.location(), key, std::move(message));
    return nullptr;
  };
  if (!value.is_dict()) return fail("expected a dictionary with 'channel', and 'url' or 'token'");
  if (!SlackFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  if (!spec->url && !spec->token) return fail("missing key 'url' or 'token'");
  if (!spec->extra_files.empty() && !spec->token) return fail("extra_files need the key 'token'");
  if (!spec->extra_files.empty() || spec->extra_only) {
    diagnostics->Warning(value.location(), key,
                         "Slack has closed the way by which files were uploaded: they stay here, "
                         "for 'kurctl download'");
  }
  return spec;
}

HookKind MakeSlackKind() {
  auto kind = MakeKind<HookSpec>(
      "Posts to a Slack channel when training begins, goes on and ends, and what a "
      "model says and should say.",
      "slack: {channel: \"#training\", url: secret:SLACK_URL}", SlackFields());
  kind.parse = ParseSlack;
  return kind;
}

const Registration<HookKind> kKind("slack", MakeSlackKind());

#if KUR_RUNTIME
// Posts messages to a channel. Stops after kMaxFailures consecutive failures, so that a run does
// not keep waiting for a server that is unreachable. Not thread-safe.
class SlackChannel {
 public:
  explicit SlackChannel(const SlackSpec& spec) : spec_(spec) {}

  void Post(const std::string& text, HookHost* host) {
    if (spec_.extra_only || failures_ == kMaxFailures) return;
    const absl::Status posted = Send(text, host);
    if (posted.ok()) {
      failures_ = 0;
      return;
    }
    ++failures_;
    const char* const end = failures_ == kMaxFailures ? "; it is not tried again" : "";
    host->Warn(absl::StrCat("the hook 'slack' could not post: ", posted.message(), end));
  }

 private:
  static constexpr int kMaxFailures = 3;

  absl::Status Send(const std::string& text, HookHost* host) const {
    nlohmann::json message = {
        {"channel", spec_.channel},
        {"username", spec_.user},
        {"icon_emoji", absl::StrCat(":", spec_.icon, ":")},
        {"text", spec_.title ? absl::StrCat(*spec_.title, ": ", text) : text}};
    const std::string json = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (spec_.url) return host->Post(spec_.url->text, "", json).status();
    KUR_ASSIGN_OR_RETURN(const std::string answer, host->Post(kBotUrl, spec_.token->text, json));
    // Slack reports an error with the status 200.
    const auto parsed = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.value("ok", false)) return absl::OkStatus();
    return absl::FailedPreconditionError("Slack refused the message");
  }

  SlackSpec spec_;
  int failures_ = 0;  // consecutive
};

class SlackForTraining : public TrainingHook {
 public:
  explicit SlackForTraining(const SlackSpec& spec) : channel_(spec) {}

  absl::Status Notify(const TrainingStatus& status, const TrainingHistory&,
                      HookHost* host) override {
    channel_.Post(FormatText(status), host);
    return absl::OkStatus();
  }

 private:
  static std::string FormatText(const TrainingStatus& status) {
    if (status.phase == TrainingStatus::Phase::kStarted) return "Started training.";
    std::string text =
        status.phase == TrainingStatus::Phase::kEnded
            ? std::string("Training has ended.")
            : absl::StrCat("Finished epoch ", status.epochs,
                           status.total_epochs ? absl::StrCat(" of ", *status.total_epochs) : "",
                           ".");
    std::vector<std::string> losses;
    if (status.training_loss) {
      losses.push_back(absl::StrFormat("Training loss = %.4g", *status.training_loss));
    }
    if (status.validation_loss) {
      losses.push_back(absl::StrFormat("Validation loss = %.4g", *status.validation_loss));
    }
    if (!losses.empty()) {
      absl::StrAppend(&text, " More information: ", absl::StrJoin(losses, ", "));
    }
    return text;
  }

  SlackChannel channel_;
};

class SlackForResults : public ResultHook {
 public:
  explicit SlackForResults(const SlackSpec& spec) : channel_(spec) {}

  absl::StatusOr<HookData> Apply(HookData current, const HookData&, HookHost* host) override {
    for (const auto& [name, sample] : current.output_symbols) {
      channel_.Post(absl::StrCat(name, ": Truth = \"", absl::StrJoin(sample.truth, ""),
                                 "\", Prediction = \"", absl::StrJoin(sample.predicted, ""), "\""),
                    host);
    }
    return current;
  }

 private:
  SlackChannel channel_;
};

const Registration<HookBuilder> kBuilder(
    "slack", {MakeResultHookBuilder<SlackForResults, SlackSpec>().build_for_results,
              MakeTrainingHookBuilder<SlackForTraining, SlackSpec>().build_for_training});
#endif

}  // namespace
}  // namespace kur
