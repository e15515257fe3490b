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
using ::testing::SizeIs;

class NetworkBrokerTest : public ::testing::Test {
 protected:
  // Before a server starts its thread.
  void SetUp() override {
    NetworkBroker::Options options;
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

}  // namespace
}  // namespace kur::worker
