// Who may call what, over real sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kur/v1/kur.grpc.pb.h"
#include "tests/server/testing/generic_call.h"
#include "tests/server/testing/test_api.h"

namespace kur::server {
namespace {

using grpc::StatusCode;

constexpr char kAnnsToken[] = "anns-token-0123456789";
constexpr char kBobsToken[] = "bobs-token-0123456789";

TokenFile Tokens() {
  return *TokenFile::Parse("ann:anns-token-0123456789\nbob:bobs-token-0123456789\n", "tokens");
}

const std::vector<std::string>& AllMethods() {
  static const auto* methods =
      new std::vector<std::string>{"/kur.v1.Jobs/SubmitJob",
                                   "/kur.v1.Jobs/GetJob",
                                   "/kur.v1.Jobs/ListJobs",
                                   "/kur.v1.Jobs/CancelJob",
                                   "/kur.v1.Jobs/CheckpointJob",
                                   "/kur.v1.Jobs/WatchEvents",
                                   "/kur.v1.Jobs/ListArtifacts",
                                   "/kur.v1.Jobs/DownloadArtifact",
                                   "/kur.v1.Blobs/UploadBlob",
                                   "/kur.v1.Blobs/FindMissingBlobs",
                                   "/kur.v1.Secrets/SetSecret",
                                   "/kur.v1.Secrets/ListSecrets",
                                   "/kur.v1.Secrets/DeleteSecret",
                                   "/kur.v1.System/ListDevices",
                                   "/kur.v1.System/GetServerInfo",
                                   "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                   "/no.such.Service/Method"};
  return *methods;
}

TEST(AuthTest, EveryMethodNeedsAValidTokenOverTcp) {
  TestApi api(Tokens());
  const auto channel = api.TcpChannel();
  for (const std::string& method : AllMethods()) {
    EXPECT_EQ(CallMethod(channel, method, ""), StatusCode::UNAUTHENTICATED) << method;
    EXPECT_EQ(CallMethod(channel, method, "wrong-token-0123456789"), StatusCode::UNAUTHENTICATED)
        << method;
    EXPECT_NE(CallMethod(channel, method, kAnnsToken), StatusCode::UNAUTHENTICATED) << method;
  }
}

TEST(AuthTest, HealthIsTheOneCallThatNeedsNoToken) {
  TestApi api(Tokens());
  for (const std::string token : {"", "wrong-token-0123456789", kAnnsToken}) {
    EXPECT_EQ(CallMethod(api.TcpChannel(), "/grpc.health.v1.Health/Check", token), StatusCode::OK);
  }
  for (const std::string method : {"/grpc.health.v1.Health/Watch", "/grpc.health.v1.Health/check",
                                   "/grpc.health.v1.Health/Check/", "grpc.health.v1.Health/Check",
                                   "/grpc.health.v1.Health/Check/../../../kur.v1.Jobs/ListJobs"}) {
    EXPECT_EQ(CallMethod(api.TcpChannel(), method, ""), StatusCode::UNAUTHENTICATED) << method;
  }
}

TEST(AuthTest, WorkersAreNotServedToClients) {
  TestApi api(Tokens());
  EXPECT_EQ(CallMethod(api.TcpChannel(), "/kur.v1.WorkerService/Connect", kAnnsToken),
            StatusCode::UNIMPLEMENTED);
}

TEST(AuthTest, TheTokenOfEachCallSaysWhoCalls) {
  TestApi api(Tokens());
  // One connection for both.
  const auto stub = v1::System::NewStub(api.TcpChannel());
  for (const auto& [token, user] :
       {std::pair<std::string, std::string>{kAnnsToken, "ann"}, {kBobsToken, "bob"}}) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::ServerInfo info;
    ASSERT_TRUE(stub->GetServerInfo(&context, {}, &info).ok());
    EXPECT_EQ(info.user(), user);
    EXPECT_EQ(info.version(), "1.2.3");
  }
}

TEST(AuthTest, ARevokedTokenEndsAlsoOnAnOpenConnection) {
  TestApi api(Tokens());
  const auto channel = api.TcpChannel();
  EXPECT_EQ(CallMethod(channel, "/kur.v1.Jobs/ListJobs", kAnnsToken), StatusCode::OK);
  api.authenticator.ReplaceTokens(*TokenFile::Parse("bob:bobs-token-0123456789", "tokens"));
  EXPECT_EQ(CallMethod(channel, "/kur.v1.Jobs/ListJobs", kAnnsToken), StatusCode::UNAUTHENTICATED);
}

// Asks over the UNIX socket, with the bearer token unless it is empty, for whom the caller is
// taken.
grpc::Status AskOverUnixSocket(const TestApi& api, const std::string& token, std::string* user) {
  const auto stub = v1::System::NewStub(api.UnixChannel());
  grpc::ClientContext context;
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  v1::ServerInfo info;
  grpc::Status status = stub->GetServerInfo(&context, {}, &info);
  *user = info.user();
  return status;
}

TEST(AuthTest, TheUnixSocketIsTheAccountThatRunsTheServerForWhoHasItsCookie) {
  TestApi api(Tokens());
  std::string user;
  EXPECT_TRUE(AskOverUnixSocket(api, TestApi::kCookie, &user).ok());
  EXPECT_EQ(user, Authenticator::LocalUser());
  EXPECT_TRUE(AskOverUnixSocket(api, kBobsToken, &user).ok());
  EXPECT_EQ(user, "bob");
  struct stat mode;
  ASSERT_EQ(stat(api.server.layout.client_socket().c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600u);
}

// As a worker does, which has the right account.
TEST(AuthTest, TheRightAccountWithoutTheCookieIsNobody) {
  for (const bool has_tokens : {false, true}) {
    TestApi api(has_tokens ? std::optional<TokenFile>(Tokens()) : std::nullopt);
    for (const std::string& token :
         {std::string(), std::string(64, 'c'), std::string(TestApi::kCookie).substr(1),
          std::string(TestApi::kCookie) + "0"}) {
      std::string user;
      const grpc::Status status = AskOverUnixSocket(api, token, &user);
      EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED) << token;
      EXPECT_EQ(user, "");
    }
    std::string user;
    EXPECT_THAT(AskOverUnixSocket(api, "", &user).error_message(), ::testing::HasSubstr(".cookie"));
  }
}

TEST(AuthTest, TheCookieIsNoToken) {
  TestApi api(Tokens());
  EXPECT_EQ(CallMethod(api.TcpChannel(), "/kur.v1.Jobs/ListJobs", TestApi::kCookie),
            StatusCode::UNAUTHENTICATED);
}

TEST(AuthTest, WithoutTokensLoopbackIsTheAccountThatRunsTheServer) {
  TestApi api;
  const auto stub = v1::System::NewStub(api.TcpChannel());
  grpc::ClientContext context;
  v1::ServerInfo info;
  ASSERT_TRUE(stub->GetServerInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.user(), Authenticator::LocalUser());
}

TEST(AuthTest, AnotherUsersDeviceIsShownWithoutHimAndHisJob) {
  TestApi api(Tokens());
  const std::string job = api.server.Submit("r1", "bob");
  const auto stub = v1::System::NewStub(api.TcpChannel());
  for (const auto& [token, shown] :
       {std::pair<std::string, std::string>{kAnnsToken, "(another user)"}, {kBobsToken, job}}) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::ListDevicesResponse devices;
    ASSERT_TRUE(stub->ListDevices(&context, {}, &devices).ok());
    ASSERT_EQ(devices.devices_size(), 1);
    EXPECT_EQ(devices.devices(0).job(), shown);
  }
}

}  // namespace
}  // namespace kur::server
