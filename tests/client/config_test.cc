#include "client/config.h"

#include "client/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  absl::StatusOr<Settings> Resolve(const ConnectionFlags& flags,
                                   std::map<std::string, std::string> variables = {}) {
    variables["HOME"] = home_.path();
    return ResolveSettings(flags, Environment(std::move(variables)));
  }

  void WriteConfig(const std::string& text) { home_.Write(".config/kurctl/config.yml", text); }

  TemporaryDirectory home_;
};

TEST_F(ConfigTest, MeansTheLocalKurdWhenNobodySaysOtherwise) {
  const auto settings = Resolve({});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_TRUE(settings->is_default_server);
  EXPECT_EQ(settings->server.ToString(), "unix:" + home_.File(".local/share/kurd/kurd.sock"));
  EXPECT_EQ(Resolve({}, {{"KUR_STATE_DIR", "/srv/kurd"}})->server.path, "/srv/kurd/kurd.sock");
  EXPECT_EQ(Resolve({}, {{"XDG_DATA_HOME", "/data"}})->server.path, "/data/kurd/kurd.sock");
}

TEST_F(ConfigTest, PrefersFlagsToTheEnvironmentToTheFile) {
  WriteConfig("server: file:1\nproject: vision\n");
  EXPECT_EQ(Resolve({})->server.host, "file");
  EXPECT_EQ(Resolve({})->project, "vision");
  EXPECT_EQ(Resolve({}, {{"KURCTL_SERVER", "env:1"}})->server.host, "env");
  ConnectionFlags flags;
  flags.server = "flag:1";
  EXPECT_EQ(Resolve(flags, {{"KURCTL_SERVER", "env:1"}})->server.host, "flag");
}

TEST_F(ConfigTest, PrefersATokenFileToTheEnvironmentToTheFile) {
  WriteConfig("token: from-file\n");
  EXPECT_EQ(Resolve({})->token, "from-file");
  EXPECT_EQ(Resolve({}, {{"KURCTL_TOKEN", "from-env"}})->token, "from-env");
  ConnectionFlags flags;
  flags.token_file = home_.Write("token", "  from-flag\n");
  EXPECT_EQ(Resolve(flags, {{"KURCTL_TOKEN", "from-env"}})->token, "from-flag");
  flags.token_file = home_.Write("token", "\n");
  EXPECT_FALSE(Resolve(flags).ok());
}

TEST_F(ConfigTest, NeverGivesTheTokenOfOneServerToAnother) {
  WriteConfig("server: gpubox:7700\ntoken: secret\n");
  EXPECT_EQ(Resolve({})->token, "secret");
  ConnectionFlags flags;
  flags.server = "elsewhere:7700";
  EXPECT_EQ(Resolve(flags)->token, "");
  EXPECT_EQ(Resolve(flags, {{"KURCTL_TOKEN", "mine"}})->token, "mine");
}

TEST_F(ConfigTest, EncryptsBeyondTheMachineAndWhereACertificateIsGiven) {
  ConnectionFlags flags;
  flags.server = "gpubox:7700";
  EXPECT_TRUE(Resolve(flags)->tls);
  flags.server = "localhost:7700";
  EXPECT_FALSE(Resolve(flags)->tls);
  flags.tls_ca = home_.Write("ca.pem", "-----BEGIN CERTIFICATE-----");
  EXPECT_TRUE(Resolve(flags)->tls);
  EXPECT_EQ(Resolve(flags)->tls_roots, "-----BEGIN CERTIFICATE-----");
}

TEST_F(ConfigTest, NamesThePlaceOfWhatItDoesNotKnow) {
  WriteConfig("server: gpubox:7700\ntokn: x\n");
  const auto settings = Resolve({});
  EXPECT_THAT(std::string(settings.status().message()),
              EndsWith("config.yml:2:1: unknown key 'tokn'; did you mean 'token'?"));
  WriteConfig("server: [a\n");
  EXPECT_THAT(std::string(Resolve({}).status().message()), HasSubstr("config.yml:"));
}

TEST_F(ConfigTest, CallsABadAddressAUsageError) {
  ConnectionFlags flags;
  flags.server = "gpubox";
  EXPECT_EQ(ExitCodeOf(Resolve(flags).status()), ExitCode::kUsage);
}

TEST(ExitCodeOf, CountsOnlyWhatAServerSays) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("a local file")), ExitCode::kError);
  EXPECT_EQ(ExitCodeOf(MarkAsServerError(absl::PermissionDeniedError("no"))),
            ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeOf(MarkAsServerError(absl::UnauthenticatedError("no"))), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeOf(MarkAsServerError(absl::UnavailableError("no"))), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeOf(MarkAsServerError(absl::NotFoundError("no"))), ExitCode::kError);
  EXPECT_EQ(ExitCodeOf(UnreachableError("no")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeOf(UsageError("no")), ExitCode::kUsage);
}

TEST(ExitCodeOf, FollowsTheStateOfTheJob) {
  EXPECT_EQ(ExitCodeOf(v1::JOB_STATE_SUCCEEDED), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(v1::JOB_STATE_FAILED), ExitCode::kJobFailed);
  EXPECT_EQ(ExitCodeOf(v1::JOB_STATE_CANCELLED), ExitCode::kJobCancelled);
}

}  // namespace
}  // namespace kur::client
