#include "server/auth/authenticator.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/server/testing/status_matchers.h"

namespace kur::server {
namespace {

TokenFile Tokens(const std::string& text) { return *TokenFile::Parse(text, "tokens"); }

TEST(AuthenticatorTest, TellsTheUserOfABearerToken) {
  const Authenticator authenticator(Tokens("ann:anns-token-0123456789"));
  EXPECT_EQ(*authenticator.UserOfHeader("Bearer anns-token-0123456789"), "ann");
  EXPECT_EQ(*authenticator.UserOfHeader("bearer anns-token-0123456789"), "ann");
}

TEST(AuthenticatorTest, RefusesEverythingElse) {
  const Authenticator authenticator(Tokens("ann:anns-token-0123456789"));
  for (const std::string header :
       {"", "Bearer", "Bearer ", "Bearer wrong-token-0123456789", "anns-token-0123456789",
        "Basic anns-token-0123456789", "Bearer  anns-token-0123456789"}) {
    EXPECT_EQ(authenticator.UserOfHeader(header).status().code(),
              absl::StatusCode::kUnauthenticated)
        << header;
  }
}

TEST(AuthenticatorTest, ARevokedTokenCountsNoMore) {
  Authenticator authenticator(Tokens("ann:anns-token-0123456789"));
  authenticator.ReplaceTokens(Tokens("ann:anns-new-token-0123456789"));
  EXPECT_THAT(authenticator.UserOfHeader("Bearer anns-token-0123456789"),
              FailsWith(absl::StatusCode::kUnauthenticated, "revoked"));
  EXPECT_EQ(*authenticator.UserOfHeader("Bearer anns-new-token-0123456789"), "ann");
}

TEST(AuthenticatorTest, TheLocalUserIsAUserName) {
  EXPECT_TRUE(IsValidUserName(Authenticator::LocalUser()));
}

}  // namespace
}  // namespace kur::server
