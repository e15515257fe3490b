#include "server/daemon/daemon.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/unique_fd.h"
#include "kur/v1/kur.grpc.pb.h"
#include "server/protocol/job_state.h"
#include "server/protocol/socket_cookie.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kAnn[] = "ann-0123456789abcdef";
constexpr char kBob[] = "bob-0123456789abcdef";

// A TCP socket of this machine.
sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that nobody listens on.
int FreePort() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

// What is served as /metrics on that port; "" if nobody listens.
std::string ReadMetrics(int port) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return "";
  }
  constexpr absl::string_view kRequest = "GET /metrics HTTP/1.0\r\n\r\n";
  EXPECT_EQ(send(fd.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(kRequest.size()));
  std::string page;
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
    if (got <= 0) return page;
    page.append(buffer.data(), static_cast<size_t>(got));
  }
}

class DaemonTest : public ::testing::Test {
 protected:
  // Options with which kurd starts on any machine. No test lets a job start.
  DaemonOptions Options() const {
    DaemonOptions options;
    options.state_directory = state_;
    options.devices = "cpu:1";
    options.worker_binary = "/bin/true";
    options.evaluator_binary = KUR_EVALUATOR;
    return options;
  }

  std::string WriteTokens(const std::string& text) const {
    std::string path = folder_.Write("tokens", text);
    EXPECT_EQ(chmod(path.c_str(), 0600), 0);
    return path;
  }

  // Asks who serves at `address`; over a UNIX socket with its cookie.
  static grpc::Status Ask(const std::string& address, const std::string& token = "",
                          v1::ServerInfo* info = nullptr) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::System::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    const std::string proof =
        absl::StartsWith(address, "unix:")
            ? FileSystem::Posix().Read(CookieFileOf(address.substr(5))).value_or("")
            : token;
    if (!proof.empty()) context.AddMetadata("authorization", "Bearer " + proof);
    v1::ServerInfo unused;
    return stub->GetServerInfo(&context, {}, info == nullptr ? &unused : info);
  }

  TemporaryDirectory folder_;
  const std::string state_ = folder_.File("state");
};

TEST_F(DaemonTest, AnswersOnASocketInItsStateDirectory) {
  const auto daemon = Daemon::Start(Options());
  ASSERT_THAT(daemon, IsOk());
  const std::string address = absl::StrCat("unix:", state_, "/kurd.sock");
  EXPECT_THAT((*daemon)->addresses(), ElementsAre(address));
  v1::ServerInfo info;
  const grpc::Status asked = Ask(address, "", &info);
  ASSERT_TRUE(asked.ok()) << asked.error_message();
  EXPECT_EQ(info.user(), Authenticator::LocalUser());
  EXPECT_EQ(info.state_directory(), state_);
  EXPECT_EQ(info.pid(), getpid());
  EXPECT_EQ(info.version(), Version());
}

TEST_F(DaemonTest, ItsSocketHasACookieForItsOwnerAloneWhichOutlivesIt) {
  const std::string file = state_ + "/kurd.sock.cookie";
  std::string cookie;
  {
    const auto daemon = Daemon::Start(Options());
    ASSERT_THAT(daemon, IsOk());
    cookie = *FileSystem::Posix().Read(file);
    struct stat info = {};
    ASSERT_EQ(stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
  const auto daemon = Daemon::Start(Options());
  ASSERT_THAT(daemon, IsOk());
  EXPECT_EQ(*FileSystem::Posix().Read(file), cookie);
  ASSERT_EQ(unlink(file.c_str()), 0);
  EXPECT_EQ(Ask((*daemon)->addresses()[0]).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(DaemonTest, AnswersOnEveryAddressThatItIsGivenWithThePortThatTheKernelChose) {
  DaemonOptions options = Options();
  options.listen = {"127.0.0.1:0", "unix:" + folder_.File("other.sock")};
  const auto daemon = Daemon::Start(options);
  ASSERT_THAT(daemon, IsOk());
  EXPECT_THAT((*daemon)->addresses(),
              ElementsAre(StartsWith("127.0.0.1:"), "unix:" + folder_.File("other.sock")));
  EXPECT_NE((*daemon)->addresses()[0], "127.0.0.1:0");
  for (const std::string& address : (*daemon)->addresses()) {
    EXPECT_TRUE(Ask(address).ok()) << address;
  }
  EXPECT_FALSE(Exists(state_ + "/kurd.sock"));
}

TEST_F(DaemonTest, ASecondOneOnTheSameStateDirectoryIsRefusedAndTheFirstGoesOn) {
  auto first = Daemon::Start(Options());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Daemon::Start(Options()), FailsWith(absl::StatusCode::kFailedPrecondition,
                                                  absl::StrCat("(process ", getpid(), ")")));
  EXPECT_TRUE(Ask((*first)->addresses()[0]).ok());
  first->reset();
  EXPECT_THAT(Daemon::Start(Options()), IsOk());
}

TEST_F(DaemonTest, ASocketThatAKilledOneLeftIsReplaced) {
  {
    const auto earlier = Daemon::Start(Options());
    ASSERT_THAT(earlier, IsOk());
    ASSERT_EQ(link((state_ + "/kurd.sock").c_str(), folder_.File("left").c_str()), 0);
  }
  unlink((state_ + "/kurd.sock").c_str());
  ASSERT_EQ(rename(folder_.File("left").c_str(), (state_ + "/kurd.sock").c_str()), 0);
  const auto daemon = Daemon::Start(Options());
  ASSERT_THAT(daemon, IsOk());
  EXPECT_TRUE(Ask((*daemon)->addresses()[0]).ok());
}

TEST_F(DaemonTest, AnAddressThatIsTakenIsRefusedAndTheStateDirectoryIsFreeAgain) {
  DaemonOptions options = Options();
  options.listen = {"unix:" + folder_.Write("a file", "precious")};
  EXPECT_THAT(Daemon::Start(options),
              FailsWith(absl::StatusCode::kFailedPrecondition, folder_.File("a file")));
  EXPECT_EQ(folder_.Read("a file"), "precious");
  EXPECT_THAT(Daemon::Start(Options()), IsOk());
}

TEST_F(DaemonTest, WhatIsWrongWithTheCommandLineIsFoundBeforeAnythingIsTouched) {
  const struct {
    const char* what;
    std::function<void(DaemonOptions&)> spoil;
    absl::StatusCode code;
    std::string message;
  } cases[] = {
      {"metrics", [](DaemonOptions& o) { o.metrics = "0.0.0.0:9400"; },
       absl::StatusCode::kFailedPrecondition, "refusing to serve metrics"},
      {"listen", [](DaemonOptions& o) { o.listen = {"0.0.0.0:8400"}; },
       absl::StatusCode::kFailedPrecondition, "refusing to listen"},
      {"data root", [](DaemonOptions& o) { o.data_roots = {"/no/such/folder"}; },
       absl::StatusCode::kInvalidArgument, "/no/such/folder"},
      {"data root above the state directory",
       [](DaemonOptions& o) {
         o.data_roots = {"/"};
         o.token_file = "/no/such/tokens";
       },
       absl::StatusCode::kFailedPrecondition, "--data-root / and the state directory"},
      {"network", [](DaemonOptions& o) { o.download_networks = {"10.0.0.0/99"}; },
       absl::StatusCode::kInvalidArgument, "--download-network"},
      {"tokens", [](DaemonOptions& o) { o.token_file = "/no/such/tokens"; },
       absl::StatusCode::kNotFound, "/no/such/tokens"},
      {"TLS", [](DaemonOptions& o) { o.tls_certificate = o.tls_key = "/no/such/file.pem"; },
       absl::StatusCode::kNotFound, "/no/such/file.pem"},
      {"worker", [](DaemonOptions& o) { o.worker_binary = "/no/such/worker"; },
       absl::StatusCode::kFailedPrecondition, "/no/such/worker"},
      {"devices", [](DaemonOptions& o) { o.devices = "abacus"; },
       absl::StatusCode::kInvalidArgument, "abacus"},
  };
  for (const auto& wrong : cases) {
    DaemonOptions options = Options();
    wrong.spoil(options);
    EXPECT_THAT(Daemon::Start(options), FailsWith(wrong.code, wrong.message)) << wrong.what;
    EXPECT_FALSE(Exists(state_)) << wrong.what;
  }
}

TEST_F(DaemonTest, ReloadedTokensCountAtOnce) {
  DaemonOptions options = Options();
  options.listen = {"127.0.0.1:0"};
  options.token_file = WriteTokens(absl::StrCat("ann:", kAnn, "\n"));
  const auto daemon = Daemon::Start(options);
  ASSERT_THAT(daemon, IsOk());
  const std::string& address = (*daemon)->addresses()[0];
  v1::ServerInfo info;
  ASSERT_TRUE(Ask(address, kAnn, &info).ok());
  EXPECT_EQ(info.user(), "ann");
  EXPECT_EQ(Ask(address, kBob).error_code(), grpc::StatusCode::UNAUTHENTICATED);

  WriteTokens(absl::StrCat("bob:", kBob, "\n"));
  EXPECT_EQ(Ask(address, kBob).error_code(), grpc::StatusCode::UNAUTHENTICATED)
      << "the file is read on request only";
  ASSERT_THAT((*daemon)->ReloadTokens(), IsOk());
  EXPECT_EQ(Ask(address, kAnn).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  ASSERT_TRUE(Ask(address, kBob, &info).ok());
  EXPECT_EQ(info.user(), "bob");
}

TEST_F(DaemonTest, TokensThatCannotBeReadLeaveThoseInForceAsTheyAre) {
  DaemonOptions options = Options();
  options.listen = {"127.0.0.1:0"};
  options.token_file = WriteTokens(absl::StrCat("ann:", kAnn, "\n"));
  const auto daemon = Daemon::Start(options);
  ASSERT_THAT(daemon, IsOk());
  const std::string& address = (*daemon)->addresses()[0];

  WriteTokens("no colon\n");
  EXPECT_THAT((*daemon)->ReloadTokens(),
              FailsWith(absl::StatusCode::kInvalidArgument, "USER:TOKEN"));
  EXPECT_TRUE(Ask(address, kAnn).ok());
  unlink(options.token_file.c_str());
  EXPECT_FALSE((*daemon)->ReloadTokens().ok());
  EXPECT_TRUE(Ask(address, kAnn).ok());
}

TEST_F(DaemonTest, WithoutATokenFileThereIsNothingToReload) {
  const auto daemon = Daemon::Start(Options());
  ASSERT_THAT(daemon, IsOk());
  EXPECT_THAT((*daemon)->ReloadTokens(), IsOk());
  EXPECT_TRUE(Ask((*daemon)->addresses()[0]).ok());
}

TEST_F(DaemonTest, MetricsCountJobsInEveryStateAndEndWithStop) {
  DaemonOptions options = Options();
  const int port = FreePort();
  options.metrics = absl::StrCat("127.0.0.1:", port);
  const auto daemon = Daemon::Start(options);
  ASSERT_THAT(daemon, IsOk());
  const std::string page = ReadMetrics(port);
  for (const v1::JobState state : kAllStates) {
    EXPECT_THAT(page, HasSubstr(absl::StrCat("kurd_jobs{state=\"", StateName(state), "\"} 0\n")));
  }
  EXPECT_THAT(page, HasSubstr("kurd_devices 1\n"));
  EXPECT_THAT(page, HasSubstr("kurd_devices_busy 0\n"));
  options.state_directory = folder_.File("other");
  EXPECT_THAT(Daemon::Start(options), FailsWith(absl::StatusCode::kUnknown, options.metrics));
  (*daemon)->Stop();
  EXPECT_EQ(ReadMetrics(port), "");
}

TEST_F(DaemonTest, AfterStopNobodyAnswersAndTheStateDirectoryIsStillHeld) {
  auto daemon = Daemon::Start(Options());
  ASSERT_THAT(daemon, IsOk());
  const std::string address = (*daemon)->addresses()[0];
  (*daemon)->Stop();
  EXPECT_EQ(Ask(address).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(Daemon::Start(Options()),
              FailsWith(absl::StatusCode::kFailedPrecondition, "another kurd"));
  (*daemon)->Stop();
  daemon->reset();
  EXPECT_THAT(Daemon::Start(Options()), IsOk());
}

}  // namespace
}  // namespace kur::server
