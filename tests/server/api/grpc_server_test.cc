// Connections: who is ended and who is not, and what health checks answer.

#include "server/api/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "server/api/health_probe.h"
#include "tests/server/testing/certificates.h"
#include "tests/server/testing/generic_call.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/server/testing/test_sockets.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

constexpr char kToken[] = "anns-token-0123456789";
constexpr absl::Duration kPatience = absl::Milliseconds(kPatienceMs);
// A method that is not there: for an authenticated client UNIMPLEMENTED.
constexpr char kMethod[] = "/no.such.Service/Method";

TlsFiles Certificate(const std::string& name) {
  const Key key = NewKey();
  return {CertificatePem(key, name, key), KeyPem(key)};
}

// A client with a connection of its own.
class Client {
 public:
  Client(const std::string& address, const std::optional<TlsFiles>& trusted, std::string token)
      : token_(std::move(token)) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetSslTargetNameOverride("server");
    grpc::SslCredentialsOptions ssl;
    if (trusted.has_value()) ssl.pem_root_certs = trusted->certificate_chain;
    channel_ = grpc::CreateCustomChannel(
        address,
        trusted.has_value() ? grpc::SslCredentials(ssl) : grpc::InsecureChannelCredentials(),
        arguments);
  }

  grpc::StatusCode Call(const std::string& method, const std::string& message = "") {
    return CallMethod(channel_, method, token_, message);
  }

  // Whether the connection that the last call used is still there after `duration`.
  bool StaysConnected(absl::Duration duration) {
    return !channel_->WaitForStateChange(GRPC_CHANNEL_READY,
                                         absl::ToChronoTime(absl::Now() + duration));
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  const std::string token_;
};

class GrpcServerTest : public ::testing::Test {
 protected:
  void Start(const std::vector<std::string>& addresses) {
    GrpcServerOptions options;
    for (const std::string& address : addresses) {
      options.addresses.push_back(*ParseListenAddress(address));
    }
    options.tls = tls_;
    options.authenticator = &authenticator_;
    options.limits.authentication_timeout = timeout_;
    options.max_buffered_bytes = max_buffered_bytes_;
    server_.reset();
    server_ = *GrpcServer::Start(options, {});
  }

  Client Connect(const std::string& token, size_t address = 0) {
    return {server_->addresses()[address], address == 0 ? tls_ : std::nullopt, token};
  }

  TemporaryDirectory folder_;
  Authenticator authenticator_{*TokenFile::Parse("ann:anns-token-0123456789\n", "tokens")};
  std::optional<TlsFiles> tls_ = Certificate("server");
  absl::Duration timeout_ = absl::Hours(1);
  size_t max_buffered_bytes_ = size_t{512} << 20;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(GrpcServerTest, AuthenticatedConnectionsStayOthersEnd) {
  timeout_ = absl::Seconds(2);
  for (const bool with_tls : {true, false}) {
    if (!with_tls) tls_.reset();
    for (const std::string address : {"127.0.0.1:0", "[::1]:0"}) {
      SCOPED_TRACE(address);
      Start({address, "unix:" + folder_.File("s")});
      Client ann = Connect(kToken);
      Client local = Connect("", 1);
      Client stranger = Connect("");
      Client prober = Connect("");
      EXPECT_EQ(ann.Call(kMethod), grpc::StatusCode::UNIMPLEMENTED);
      EXPECT_EQ(local.Call(kMethod), grpc::StatusCode::UNIMPLEMENTED);
      EXPECT_EQ(stranger.Call(kMethod), grpc::StatusCode::UNAUTHENTICATED);
      EXPECT_EQ(prober.Call("/grpc.health.v1.Health/Check"), grpc::StatusCode::OK);
      EXPECT_FALSE(stranger.StaysConnected(kPatience));
      EXPECT_FALSE(prober.StaysConnected(kPatience));
      EXPECT_TRUE(ann.StaysConnected(absl::Seconds(1)));
      EXPECT_TRUE(local.StaysConnected(absl::ZeroDuration()));
    }
  }
}

TEST_F(GrpcServerTest, HalfOpenHandshakesEnd) {
  timeout_ = absl::Seconds(1);
  Start({"127.0.0.1:0"});
  const ListenAddress address = *ParseListenAddress(server_->addresses()[0]);
  const UniqueFd half_open = server::Connect(address);
  // The header of a handshake record of TLS with 512 bytes, and few of them.
  Send(half_open,
       std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(30, 'x'));
  const UniqueFd silent = server::Connect(address);
  EXPECT_TRUE(EndsWithin(half_open, kPatienceMs));
  EXPECT_TRUE(EndsWithin(silent, kPatienceMs));
}

TEST_F(GrpcServerTest, ACertificateThatIsReplacedCountsForNewConnections) {
  Start({"127.0.0.1:0"});
  Client before = Connect(kToken);
  EXPECT_EQ(before.Call(kMethod), grpc::StatusCode::UNIMPLEMENTED);
  const TlsFiles replacement = Certificate("server");
  server_->ReplaceCertificate(replacement);
  EXPECT_TRUE(before.StaysConnected(absl::ZeroDuration()));
  EXPECT_EQ(before.Call(kMethod), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Connect(kToken).Call(kMethod), grpc::StatusCode::UNAVAILABLE) << "trusts the old one";
  tls_ = replacement;
  EXPECT_EQ(Connect(kToken).Call(kMethod), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, WhatStrangersSendDoesNotFillTheMemory) {
  max_buffered_bytes_ = size_t{4} << 20;
  Start({"127.0.0.1:0"});
  // A field that health checks do not know.
  const std::string message = "\x12\x80\x80\x80\x0a" + std::string(20 << 20, 'x');
  EXPECT_NE(Connect("").Call("/grpc.health.v1.Health/Check", message), grpc::StatusCode::OK);
  EXPECT_EQ(Connect("").Call("/grpc.health.v1.Health/Check"), grpc::StatusCode::OK);
}

TEST_F(GrpcServerTest, HealthIsWhatProbesOverEveryAddressSee) {
  Start({"127.0.0.1:0", "unix:" + folder_.File("s")});
  const absl::Status broken = absl::UnavailableError("the disk failed");
  for (const absl::Status& able : {absl::OkStatus(), broken, absl::OkStatus()}) {
    EXPECT_EQ(server_->CheckHealth(able), able);
    for (const std::string& address : server_->addresses()) {
      const bool tls = address == server_->addresses()[0];
      const absl::Status probed = ProbeHealth(address, tls, kPatience);
      if (able.ok()) {
        EXPECT_THAT(probed, IsOk());
      } else {
        EXPECT_THAT(probed, FailsWith(absl::StatusCode::kUnavailable, "does not serve"));
      }
    }
  }
}

TEST_F(GrpcServerTest, ProbesFindAnAddressWhereNobodyAnswers) {
  const std::string address = "unix:" + folder_.File("s");
  EXPECT_THAT(ProbeHealth(address, false, absl::Milliseconds(100)),
              FailsWith(absl::StatusCode::kUnavailable, address + " does not answer"));
}

}  // namespace
}  // namespace kur::server
