#include "server/auth/token_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "engine/base/file_system.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

constexpr char kAnnsToken[] = "anns-token-0123456789";
constexpr char kBobsToken[] = "bobs-token-0123456789";

TEST(TokenFileTest, FindsTheUserOfAToken) {
  const auto file = TokenFile::Parse(
      "# the team\n\n ann : anns-token-0123456789 \nbob:bobs-token-0123456789\n"
      "ann:anns-second-token:with-colon\n",
      "tokens");
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->UserOf(kAnnsToken), "ann");
  EXPECT_EQ(file->UserOf(kBobsToken), "bob");
  EXPECT_EQ(file->UserOf("anns-second-token:with-colon"), "ann");
}

TEST(TokenFileTest, KnowsNoOtherToken) {
  const auto file = TokenFile::Parse("ann:anns-token-0123456789", "tokens");
  ASSERT_THAT(file, IsOk());
  for (const std::string token :
       {"", "ann", "anns-token-012345678", "anns-token-01234567890", "ANNS-TOKEN-0123456789"}) {
    EXPECT_EQ(file->UserOf(token), std::nullopt) << token;
  }
}

TEST(TokenFileTest, NamesTheLineButNeverTheToken) {
  const auto file = TokenFile::Parse("ann:anns-token-0123456789\nbob:short-secret\n", "tokens");
  EXPECT_THAT(file, FailsWith(absl::StatusCode::kInvalidArgument, "tokens:2: a token needs"));
  EXPECT_EQ(std::string(file.status().message()).find("short-secret"), std::string::npos);
}

TEST(TokenFileTest, RefusesOneTokenForTwoUsersAndNamesTheLines) {
  const auto file = TokenFile::Parse(
      "ann:anns-token-0123456789\n# friends\ncleo:cleos-token-0123456789\n"
      "bob:anns-token-0123456789\n",
      "tokens");
  EXPECT_THAT(file, FailsWith(absl::StatusCode::kInvalidArgument,
                              "tokens:4: the token is also that of another user in line 1"));
  EXPECT_EQ(std::string(file.status().message()).find(kAnnsToken), std::string::npos);
  EXPECT_THAT(TokenFile::Parse("ann:anns-token-0123456789\nann:anns-token-0123456789\n", "tokens"),
              IsOk());
}

TEST(TokenFileTest, RefusesBadLines) {
  for (const std::string text :
       {"just-a-token-0123456789", "Ann:anns-token-0123456789", "a/b:anns-token-0123456789",
        "..:anns-token-0123456789", ":anns-token-0123456789", "", "# nobody\n"}) {
    EXPECT_EQ(TokenFile::Parse(text, "tokens").status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(TokenFileTest, RefusesAFileThatOthersCanRead) {
  TemporaryDirectory directory;
  const std::string path = directory.File("tokens");
  ASSERT_THAT(WriteFileAtomically(FileSystem::Posix(), path, "ann:anns-token-0123456789\n", 0600),
              IsOk());
  EXPECT_THAT(TokenFile::Load(path), IsOk());
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_THAT(TokenFile::Load(path), IsOk());
  for (const mode_t mode : {0604, 0602, 0620}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THAT(TokenFile::Load(path), FailsWith(absl::StatusCode::kPermissionDenied, "chmod 600"));
  }
}

TEST(TokenFileTest, SaysThatTheFileIsMissing) {
  EXPECT_THAT(TokenFile::Load("/no/such/file"), FailsWith(absl::StatusCode::kNotFound, "/no/such"));
}

}  // namespace
}  // namespace kur::server
