#include "server/worker/secret_keeper.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur::worker {
namespace {

using ::testing::HasSubstr;

constexpr char kUrl[] = "https://e.org/a.csv";

v1::WorkerSecret Secret(const std::string& name, const std::string& value,
                        const std::string& login_url = "") {
  v1::WorkerSecret secret;
  secret.set_name(name);
  secret.set_value(value);
  secret.set_is_url(login_url.empty());
  if (!login_url.empty()) secret.add_login_urls(login_url);
  return secret;
}

SecretKeeper Keeper(const std::vector<v1::WorkerSecret>& list) {
  v1::WorkerSecrets secrets;
  for (const v1::WorkerSecret& secret : list) *secrets.add_secrets() = secret;
  return SecretKeeper(std::move(secrets));
}

TEST(SecretKeeperTest, PutsValuesWhereTheKurfileHasThem) {
  const SecretKeeper keeper =
      Keeper({Secret("DATA", "https://e.org/hidden.csv"), Secret("PASSWORD", "hush, hush", kUrl),
              Secret("TOKEN", "a-token!", "secret:DATA")});
  HttpRequest request;
  request.url = kUrl;
  request.login = {"anna", "secret:PASSWORD", ""};
  ASSERT_TRUE(keeper.Resolve(&request).ok());
  EXPECT_EQ(request.url, kUrl);
  EXPECT_EQ(request.login.user, "anna");
  EXPECT_EQ(request.login.password, "hush, hush");
  HttpRequest hidden;
  hidden.url = "secret:DATA";
  hidden.login.token = "secret:TOKEN";
  ASSERT_TRUE(keeper.Resolve(&hidden).ok());
  EXPECT_EQ(hidden.url, "https://e.org/hidden.csv");
  EXPECT_EQ(hidden.login.token, "a-token!");
}

// A worker that was taken over asks for what it likes.
TEST(SecretKeeperTest, NoSecretGoesWhereTheKurfileDoesNotSendIt) {
  const SecretKeeper keeper =
      Keeper({Secret("DATA", "https://e.org/hidden.csv"), Secret("TOKEN", "hush, hush", kUrl)});
  std::vector<HttpRequest> requests(5);
  requests[0].url = "https://evil.example/";
  requests[0].login.token = "secret:TOKEN";
  requests[1].url = "https://e.org/a.csv?x";
  requests[1].login.password = "secret:TOKEN";
  requests[2].url = "secret:TOKEN";
  requests[3].url = "https://evil.example/";
  requests[3].login.user = "secret:DATA";
  requests[4].url = kUrl;
  requests[4].login.token = "secret:NONE";
  for (HttpRequest& request : requests) {
    const HttpRequest before = request;
    EXPECT_TRUE(absl::IsPermissionDenied(keeper.Resolve(&request))) << request.url;
    EXPECT_EQ(request.url, before.url);
    EXPECT_EQ(request.login.token, before.login.token);
  }
}

TEST(SecretKeeperTest, TakesValuesOutOfTexts) {
  const std::string value = "hush/hush+1";
  const SecretKeeper keeper = Keeper({Secret("TOKEN", value, kUrl)});
  EXPECT_EQ(keeper.Redact("nothing"), "nothing");
  EXPECT_EQ(keeper.Redact("no hush/hush+1 and hush/hush+1"), "no secret:TOKEN and secret:TOKEN");
  for (const std::string& form : {std::string("hush%2Fhush%2B1"), std::string("hush%2fhush%2b1"),
                                  absl::Base64Escape(value)}) {
    EXPECT_EQ(keeper.Redact("x " + form), "x secret:TOKEN");
  }
}

TEST(SecretKeeperTest, TakesTheSecretPartsOfAUrlOutOfTexts) {
  const SecretKeeper keeper =
      Keeper({Secret("DATA", "https://anna:hu%20sh-hush@e.org/private/a.csv?sig=0123456789&x=1")});
  for (const std::string part :
       {"https://anna:hu%20sh-hush@e.org/private/a.csv?sig=0123456789&x=1", "hu%20sh-hush",
        "hu sh-hush", "anna:hu%20sh-hush", "/private/a.csv?sig=0123456789&x=1", "0123456789"}) {
    EXPECT_EQ(keeper.Redact(absl::StrCat("in '", part, "'.")), "in 'secret:DATA'.");
  }
  EXPECT_EQ(keeper.Redact("cannot connect to e.org"), "cannot connect to e.org");
}

TEST(SecretKeeperTest, ALongerSecretComesBeforeOneInIt) {
  const SecretKeeper keeper =
      Keeper({Secret("SHORT", "hush-hush", kUrl), Secret("LONG", "hush-hush-hush", kUrl)});
  EXPECT_EQ(keeper.Redact("hush-hush-hush"), "secret:LONG");
  EXPECT_THAT(keeper.Redact("hush-hush"), HasSubstr("SHORT"));
}

}  // namespace
}  // namespace kur::worker
