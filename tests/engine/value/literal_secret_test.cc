#include "engine/value/literal_secret.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/value/secret_reference.h"
#include "engine/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What looks like secrets in the text.
std::vector<std::string> Found(const std::string& text) {
  std::vector<std::string> parts;
  for (const LiteralSecret& secret : FindLiteralSecrets(text)) {
    parts.push_back(text.substr(secret.begin, secret.size));
  }
  return parts;
}

TEST(LiteralSecretTest, TokensAreKnownByHowTheyBegin) {
  for (const std::string token :
       {"xoxb-123456789012-abcdef", "ghp_0123456789abcdefghijABCDEFGHIJ",
        "github_pat_11ABCDEFG0123456789_abcdef", "glpat-ABCdef0123456789xyz",
        "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ", "AKIAIOSFODNN7EXAMPLE", "sk-proj-abcdefghijKLMNOP0123",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv"}) {
    EXPECT_THAT(Found(token), ElementsAre(token));
    EXPECT_THAT(Found(absl::StrCat("Bearer ", token, "\n")), ElementsAre(token));
  }
}

TEST(LiteralSecretTest, WordsAndPathsAreNone) {
  for (const std::string text :
       {"hf_dataset_name_of_something", "sk-learn", "task-classification-of-many-images",
        "xoxb-secret", "AKIA", "https://example.org/train.csv", "https://example.org:8080/a@b",
        "https://anna@example.org/x", "https://example.org/x?key=train&token=1", "secret:HF_TOKEN",
        "a?token=b", "-----BEGIN CERTIFICATE-----"}) {
    EXPECT_THAT(Found(text), IsEmpty()) << text;
  }
}

TEST(LiteralSecretTest, WebhooksPasswordsAndParametersInUrls) {
  EXPECT_THAT(Found("see https://hooks.slack.com/services/T000/B000/XXXXXXXX now"),
              ElementsAre("services/T000/B000/XXXXXXXX"));
  EXPECT_THAT(Found("https://anna:hush@example.org/x"), ElementsAre("hush"));
  EXPECT_THAT(Found("https://e.org/x?a=1&token=abcdefgh&sig=01234567#end"),
              ElementsAre("abcdefgh", "01234567"));
  EXPECT_THAT(Found("http://a:b1@x/ http://c:d2@y/"), ElementsAre("b1", "d2"));
}

TEST(LiteralSecretTest, APrivateKeyGoesToTheEnd) {
  const std::string key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n";
  EXPECT_THAT(Found("x " + key), ElementsAre(key));
}

TEST(LiteralSecretTest, WhatATemplateGivesIsNotKnown) {
  EXPECT_THAT(Found("https://anna:{{ password }}@example.org/"), IsEmpty());
}

TEST(LiteralSecretTest, AMaskHasTheSameLength) {
  EXPECT_EQ(MaskLiteralSecrets("url: https://anna:hush@e.org/x"), "url: https://anna:****@e.org/x");
  EXPECT_EQ(MaskLiteralSecrets("nothing"), "nothing");
  EXPECT_EQ(Describe(Value("xoxb-123456789012-abcdef")), "\"************************\"");
}

TEST(LiteralSecretTest, ALongTextOfBeginningsTakesLinearTime) {
  for (const std::string part : {"sk-", "://", "hooks.slack.com/", "://a:b@?", "-----BEGIN "}) {
    std::string text;
    while (text.size() < (1 << 20)) text += part;
    MaskLiteralSecrets(text);
  }
}

TEST(SecretReferenceTest, IsTheWholeText) {
  EXPECT_EQ(SecretNameIn("secret:HF_TOKEN"), "HF_TOKEN");
  EXPECT_EQ(SecretNameIn("secret:a-1"), "a-1");
  for (const std::string text : {"secret:", "secret:1a", "secret:a b", "Secret:a", " secret:a",
                                 "secret:a ", "https://secret:a@x"}) {
    EXPECT_FALSE(SecretNameIn(text).has_value()) << text;
  }
  EXPECT_TRUE(IsSecretName(std::string(64, 'a')));
  EXPECT_FALSE(IsSecretName(std::string(65, 'a')));
}

}  // namespace
}  // namespace kur
