// Where a Kurfile may name secrets, and what becomes of them.

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/reference/reference.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

absl::StatusOr<Kurfile> Load(const std::string& text,
                             const std::vector<std::string>& overrides = {}) {
  const TemporaryDirectory dir;
  KurfileOptions options;
  options.display_root = dir.path();
  options.overrides = overrides;
  return Kurfile::Load(dir.Write("k.yml", text), options);
}

// Returns a Kurfile that trains on the table `csv`, with more lines under `train`.
std::string With(const std::string& csv, const std::string& more = "") {
  return absl::StrCat(R"(
model: [{input: {shape: [1]}, name: x}, {dense: 1, name: y}]
loss: [{target: y, name: mean_squared_error}]
train:
  data: [csv: )",
                      csv, "]\n", more);
}

std::string ErrorOf(const std::string& text) { return std::string(Load(text).status().message()); }

// "NAME for URL" of each use.
std::vector<std::string> Uses(const std::string& text, Mode mode = Mode::kTrain,
                              const std::vector<std::string>& overrides = {}) {
  const auto kurfile = Load(text, overrides);
  EXPECT_TRUE(kurfile.ok()) << kurfile.status();
  std::vector<std::string> uses;
  if (!kurfile.ok()) return uses;
  for (const SecretUse& use : kurfile->Secrets(mode)) {
    uses.push_back(absl::StrCat(use.name, " for ", use.url.empty() ? "itself" : use.url));
  }
  return uses;
}

constexpr char kPlain[] = "{path: a.csv}";

TEST(SecretsTest, StandUnderTheKeysThatAreMadeForThem) {
  EXPECT_THAT(Uses(With("{url: secret:DATA, path: a.csv}")), ElementsAre("DATA for itself"));
  EXPECT_THAT(Uses(With("{url: [https://e.org/a.csv, secret:MIRROR]}")),
              ElementsAre("MIRROR for itself"));
  EXPECT_THAT(Uses(With("{url: https://e.org/a.csv, login: secret:TOKEN}")),
              ElementsAre("TOKEN for https://e.org/a.csv"));
  EXPECT_THAT(Uses(With("{url: https://e.org/a.csv, login: {user: secret:U, password: secret:P}}")),
              ElementsAre("U for https://e.org/a.csv", "P for https://e.org/a.csv"));
  EXPECT_THAT(Uses(With(kPlain, "  hooks: [slack: {channel: c, url: secret:HOOK}]\n")),
              ElementsAre("HOOK for itself"));
  EXPECT_THAT(Uses(With(kPlain, "  hooks: [slack: {channel: c, token: secret:BOT}]\n")),
              ElementsAre("BOT for https://slack.com/api/chat.postMessage"));
}

TEST(SecretsTest, ComeFromSettingsAndOverrides) {
  EXPECT_THAT(Uses(absl::StrCat("settings: {token: secret:TOKEN}",
                                With("{url: https://e.org/a.csv, login: \"{{ token }}\"}"))),
              ElementsAre("TOKEN for https://e.org/a.csv"));
  EXPECT_THAT(Uses(With("{url: https://e.org/a.csv}"), Mode::kTrain,
                   {"train.data[0].csv.login=secret:TOKEN"}),
              ElementsAre("TOKEN for https://e.org/a.csv"));
}

TEST(SecretsTest, AreThoseOfTheMode) {
  const std::string text =
      absl::StrCat(With("{url: https://e.org/a.csv, login: secret:TRAIN}",
                        "  hooks: [slack: {channel: c, url: secret:HOOK}]\n"),
                   "test:\n  data: [csv: {url: https://e.org/b.csv, login: secret:TEST}]\n");
  EXPECT_THAT(Uses(text), UnorderedElementsAre("TRAIN for https://e.org/a.csv", "HOOK for itself"));
  EXPECT_THAT(Uses(text, Mode::kTest), ElementsAre("TEST for https://e.org/b.csv"));
  EXPECT_THAT(Uses(text, Mode::kInspect), UnorderedElementsAre("TRAIN for https://e.org/a.csv",
                                                               "TEST for https://e.org/b.csv"));
}

TEST(SecretsTest, AnywhereElseTheyAreErrorsWithTheirPlaces) {
  EXPECT_THAT(ErrorOf(With("{path: secret:A}")),
              HasSubstr("k.yml:5:22: error: train.data[0].csv.path: no secret may stand here"));
  EXPECT_THAT(ErrorOf(With(kPlain, "  weights: {last: secret:A}\n")),
              HasSubstr("train.weights.last: no secret may stand here; a secret may stand under"));
  EXPECT_THAT(ErrorOf(With(kPlain, "  hooks: [slack: {channel: secret:A, token: t}]\n")),
              HasSubstr("slack.channel: no secret may stand here"));
  EXPECT_THAT(
      ErrorOf("model: [{input: {shape: [1]}, name: x}, {dense: {size: 1, name: secret:A}}]"),
      Not(IsEmpty()));
}

TEST(SecretsTest, AreWholeValues) {
  for (const char* const url : {"https://secret:TOKEN@e.org/a.csv", "secret:1", "\"secret: A\""}) {
    EXPECT_THAT(ErrorOf(With(absl::StrCat("{url: ", url, ", path: a.csv}"))),
                HasSubstr("a secret is the whole value, secret:NAME"));
  }
}

TEST(SecretsTest, AUrlThatIsSecretNamesNoFile) {
  EXPECT_THAT(ErrorOf(With("{url: secret:DATA}")), HasSubstr("needs the path of the file"));
  const auto kurfile = Load(With("{url: [secret:DATA, \"https://e.org/b.csv?x\"], path: data}"));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(kurfile->Inputs(Mode::kTrain).front().path, "data/b.csv");
  const auto whole = Load(With("{url: secret:DATA, path: data/a.csv}"));
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->Inputs(Mode::kTrain).front().path, "data/a.csv");
}

TEST(SecretsTest, ALoginIsForOneServer) {
  EXPECT_THAT(ErrorOf(With("{url: [https://a.org/a.csv, https://b.org/a.csv], login: secret:T}")),
              HasSubstr("csv.login: belongs to one url, and here are several"));
  EXPECT_THAT(ErrorOf(With("{path: a.csv, login: secret:T}")), HasSubstr("here is none"));
  EXPECT_THAT(ErrorOf(With("{url: https://a.org/a.csv, login: {user: anna}}")),
              HasSubstr("needs 'user' and 'password', or 'token' alone"));
  const auto clear = Load(With("{url: http://a.org/a.csv, login: secret:T}"));
  ASSERT_TRUE(clear.ok()) << clear.status();
  EXPECT_THAT(clear->warnings().front().message, HasSubstr("in the clear"));
}

TEST(SecretsTest, StayAsTheyAreInWhatIsEvaluated) {
  const auto kurfile = Load(With("{url: https://e.org/a.csv, login: secret:TOKEN}"));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_THAT(ToJson(kurfile->evaluated()), HasSubstr("\"login\":\"secret:TOKEN\""));
}

void CollectPlaces(const std::string& kind, const KeyTable& keys, std::set<std::string>* places) {
  for (const FieldInfo& field : keys.fields) {
    if (field.type.find("secret:NAME") != std::string::npos) places->insert(kind + field.name);
    if (field.keys == nullptr) continue;
    std::set<std::string> inner;
    CollectPlaces("", *field.keys, &inner);
    if (!inner.empty()) places->insert(kind + field.name);
  }
}

// The message that says where secrets may stand knows all places.
TEST(SecretsTest, TheMessageNamesThePlaces) {
  std::set<std::string> places;
  for (const CategoryInfo& category : KurfileReference().categories) {
    for (const KindInfo& kind : category.kinds) {
      CollectPlaces(category.name == "supplier" ? "" : kind.name + ".", kind.keys, &places);
    }
  }
  EXPECT_THAT(places, UnorderedElementsAre("url", "login", "slack.url", "slack.token"));
  EXPECT_THAT(
      std::string(kSecretPlaces),
      HasSubstr("'url' and 'login' of data, and under 'url' and 'token' of the hook 'slack'"));
}

}  // namespace
}  // namespace kur
