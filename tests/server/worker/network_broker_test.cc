#include "server/worker/network_broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/download/http_server.h"
#include "tests/testing/temporary_directory.h"

namespace kur::worker {
namespace {

using kur::testing::HttpServer;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class NetworkBrokerTest : public ::testing::Test {
 protected:
  // Before a server starts its thread.
  void SetUp() override { StartBroker(v1::WorkerSecrets()); }

  void StartBroker(const v1::WorkerSecrets& secrets) {
    NetworkBroker::Options options;
    options.secrets = &secrets;
    options.server = "unix:" + socket_path_;
    options.rules = NetworkRules::Parse({"127.0.0.1"}).value();
    auto broker = NetworkBroker::Start(options);
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
  }

  // Listens as kurd does.
  UniqueFd Listen() const {
    UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    return listener;
  }

  absl::Status Get(const std::string& url, int64_t offset = 0) {
    HttpRequest request;
    request.url = url;
    request.offset = offset;
    HttpListener listener;
    listener.on_data = [this](absl::string_view data) {
      body_.append(data.data(), data.size());
      return absl::OkStatus();
    };
    return broker_->Perform(request, listener);
  }

  const TemporaryDirectory directory_;
  const std::string socket_path_ = directory_.File("worker.sock");
  std::shared_ptr<NetworkBroker> broker_;
  std::string body_;
};

TEST_F(NetworkBrokerTest, ConnectsToKurdAsSoonAsItListens) {
  EXPECT_TRUE(absl::IsUnavailable(broker_->ConnectToServer().status()));
  const UniqueFd listener = Listen();
  for (const char* text : {"once", "twice"}) {
    const auto connection = broker_->ConnectToServer();
    ASSERT_TRUE(connection.ok()) << connection.status();
    const UniqueFd accepted(accept(listener.get(), nullptr, nullptr));
    ASSERT_EQ(write(connection->get(), text, 4), 4);
    char got[5] = "";
    EXPECT_EQ(read(accepted.get(), got, 4), 4);
    EXPECT_EQ(std::string(got), std::string(text).substr(0, 4));
  }
}

TEST_F(NetworkBrokerTest, BringsTheBodyFromTheOffsetOn) {
  const std::string content(3 << 20, 'x');
  HttpServer server([&](const std::string&) { return HttpServer::Reply("200 OK", content); });
  ASSERT_TRUE(Get(server.Url("/file")).ok());
  EXPECT_EQ(body_, content);
  // This server ignores the range.
  EXPECT_TRUE(absl::IsOutOfRange(Get(server.Url("/file"), /*offset=*/5)));
  ASSERT_THAT(server.requests(), SizeIs(2));
  EXPECT_THAT(server.requests().back(), HasSubstr("Range: bytes=5-"));
}

TEST_F(NetworkBrokerTest, SaysWhyThereIsNone) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("404 Not Found", ""); });
  const absl::Status missing = Get(server.Url("/file"));
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_EQ(missing.message(), "the server answers with 404");
  const absl::Status refused = Get(absl::StrCat("http://127.0.0.2:", server.port(), "/file"));
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("127.0.0.2 is no address of the public"));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(NetworkBrokerTest, PostsJson) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "thanks"); });
  const auto answer = PostJson(*broker_, server.Url("/hook"), "a-token", "{\"a\": 1}");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, "thanks");
  EXPECT_THAT(server.requests().front(), HasSubstr("Authorization: Bearer a-token"));
  EXPECT_THAT(server.requests().front(), HasSubstr("POST /hook"));
}

TEST_F(NetworkBrokerTest, ARequestEndsWithTheErrorOfWhoListens) {
  HttpServer server(
      [](const std::string&) { return HttpServer::Reply("200 OK", std::string(3 << 20, 'x')); });
  HttpRequest request;
  request.url = server.Url("/file");
  HttpListener listener;
  listener.on_data = [](absl::string_view) { return absl::ResourceExhaustedError("disk full"); };
  EXPECT_EQ(broker_->Perform(request, listener), absl::ResourceExhaustedError("disk full"));
  ASSERT_TRUE(Get(server.Url("/file")).ok());
}

TEST_F(NetworkBrokerTest, TooManyRequestsAtATimeAreRefused) {
  // Connects, and never answers.
  const UniqueFd silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent.get(), 16), 0);
  getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size);
  HttpRequest request;
  request.url = absl::StrCat("http://127.0.0.1:", ntohs(address.sin_port), "/");

  std::atomic<int> waiting{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      HttpListener listener;
      bool counted = false;
      listener.on_progress = [&](int64_t, int64_t) {
        if (!std::exchange(counted, true)) ++waiting;
        return done ? absl::CancelledError("cancelled") : absl::OkStatus();
      };
      EXPECT_EQ(broker_->Perform(request, listener), absl::CancelledError("cancelled"));
    });
  }
  while (waiting < 8) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(broker_->Perform(request, HttpListener()),
            absl::UnavailableError("too many requests at a time"));
  done = true;
  for (std::thread& thread : threads) thread.join();
}

// With secrets whose server is not known before the broker is started.
class SecretBrokerTest : public NetworkBrokerTest {
 protected:
  static constexpr char kHidden[] = "http://anna:hush-hush@127.0.0.1:1/private/file";

  void SetUp() override {
    v1::WorkerSecrets secrets;
    v1::WorkerSecret& token = *secrets.add_secrets();
    token.set_name("TOKEN");
    token.set_value("quiet, quiet");
    token.add_login_urls(Url("/file"));
    v1::WorkerSecret& data = *secrets.add_secrets();
    data.set_name("DATA");
    data.set_value(kHidden);
    data.set_is_url(true);
    StartBroker(secrets);
  }

  // Returns a URL of a server that is not there yet.
  std::string Url(const std::string& path) {
    if (!listener_.valid()) {
      listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof(address);
      EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
      EXPECT_EQ(listen(listener_.get(), 16), 0);
      getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
      port_ = ntohs(address.sin_port);
    }
    return absl::StrCat("http://127.0.0.1:", port_, path);
  }

  // Answers one request, and returns it.
  std::string Answer() const {
    const UniqueFd connection(accept(listener_.get(), nullptr, nullptr));
    char request[4096] = "";
    EXPECT_GT(recv(connection.get(), request, sizeof(request) - 1, 0), 0);
    const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    EXPECT_EQ(send(connection.get(), reply.data(), reply.size(), 0),
              static_cast<ssize_t>(reply.size()));
    return request;
  }

  absl::Status GetWith(const std::string& url, const std::string& token) {
    HttpRequest request;
    request.url = url;
    request.login.token = token;
    HttpListener listener;
    listener.on_data = [](absl::string_view) { return absl::OkStatus(); };
    return broker_->Perform(request, listener);
  }

 private:
  UniqueFd listener_;
  int port_ = 0;
};

TEST_F(SecretBrokerTest, PutsSecretsIntoRequests) {
  std::string request;
  std::thread server([&] { request = Answer(); });
  const absl::Status done = GetWith(Url("/file"), "secret:TOKEN");
  server.join();
  ASSERT_TRUE(done.ok()) << done;
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer quiet, quiet\r\n"));
}

TEST_F(SecretBrokerTest, SendsNoneElsewhere) {
  EXPECT_TRUE(absl::IsPermissionDenied(GetWith(Url("/other"), "secret:TOKEN")));
  EXPECT_TRUE(absl::IsPermissionDenied(GetWith("secret:TOKEN", "")));
}

TEST_F(SecretBrokerTest, SaysNothingOfThem) {
  // Nobody listens there.
  const absl::Status failed = GetWith("secret:DATA", "");
  EXPECT_TRUE(absl::IsUnavailable(failed)) << failed;
  for (const char* const hidden : {"hush", "anna", "private"}) {
    EXPECT_THAT(std::string(failed.message()), Not(HasSubstr(hidden)));
  }
}

}  // namespace
}  // namespace kur::worker
