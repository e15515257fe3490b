// slack: posts to a channel. This version reads such Kurfiles but leaves it out. Whoever knows the
// address or the token can post, so that no message may show them.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/hook_spec.h"

namespace kur {
namespace {

struct Secret {
  std::string text;
};

}  // namespace

template <>
struct FieldTraits<Secret> {
  static std::string Type() { return "string"; }
  static Value Schema() { return TypeSchema("string"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Secret* to) {
    if (!value.is_string()) {
      diagnostics->Error(value.location(), key, "expected a string");
      return false;
    }
    to->text = value.as_string();
    return true;
  }
  static std::string Format(const Secret&) { return ""; }
};

namespace {

struct SlackSpec : HookSpec {
  std::string channel;
  std::optional<Secret> url;
  std::optional<Secret> token;
  std::string user = "kur";
  std::string icon = "dragon";
  std::optional<std::string> title;
  std::vector<std::string> extra_files;
  bool extra_only = false;

  std::string kind() const override { return "slack"; }
  bool IsForTraining() const override { return true; }
  bool IsForResults() const override { return true; }
  bool IsRunnable() const override { return false; }
};

const Fields<SlackSpec>& SlackFields() {
  static const auto* const kFields = new Fields<SlackSpec>(
      Fields<SlackSpec>()
          .Required("channel", &SlackSpec::channel, "the channel to post to")
          .Example("\"#training\"")
          .Optional("url", &SlackSpec::url, "the address of the incoming webhook")
          .Example("\"{{ slack_url }}\"")
          .Optional("token", &SlackSpec::token, "the token that uploads of files need")
          .Example("\"{{ slack_token }}\"")
          .Optional("user", &SlackSpec::user, "the name to post under")
          .Optional("icon", &SlackSpec::icon, "the emoji beside it")
          .Optional("title", &SlackSpec::title, "what every message begins with")
          .Example("model 1")
          .Optional("extra_files", &SlackSpec::extra_files, "files to upload")
          .Example("[loss.svg]")
          .Optional("extra_only", &SlackSpec::extra_only, "whether to upload nothing else"));
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
  return spec;
}

HookKind MakeSlackKind() {
  auto kind = MakeKind<HookSpec>("Posts to a Slack channel (this version leaves it out).",
                                 "slack: {channel: \"#training\", url: \"{{ slack_url }}\"}",
                                 SlackFields());
  kind.parse = ParseSlack;
  return kind;
}

const Registration<HookKind> kKind("slack", MakeSlackKind());

}  // namespace
}  // namespace kur
