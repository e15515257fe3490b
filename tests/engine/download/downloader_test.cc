#include "engine/download/downloader.h"

#include <unistd.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/base/sha256.h"
#include "engine/download/fetch.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/download/http_server.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string Read(const std::string& path) { return FileSystem::Posix().Read(path).value(); }

class DownloaderTest : public ::testing::Test {
 protected:
  DownloaderTest() {
    options_.http = http_.get();
    request_.path = Path("data/file.bin");
  }

  std::string Path(const std::string& name) const { return JoinPath(folder_.path(), name); }

  absl::Status DownloadFrom(const std::vector<std::string>& urls) {
    request_.urls = urls;
    return Download(request_, options_);
  }
  // Returns the other files in the folder.
  std::vector<std::string> Files() const { return ListDirectory(Path("data")).value(); }

  TemporaryDirectory folder_;
  DownloadRequest request_;
  const std::shared_ptr<HttpClient> http_ =
      MakeHttpClient(NetworkRules::Parse({"127.0.0.1"}).value());
  DownloadOptions options_;
};

TEST_F(DownloaderTest, BringsAFile) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  std::vector<int64_t> seen;
  options_.on_progress = [&](int64_t bytes, int64_t total) {
    if (total > 0) seen = {bytes, total};
    return true;
  };
  request_.sha256 = Sha256Hex("content");
  ASSERT_TRUE(DownloadFrom({server.Url("/file.bin")}).ok());
  EXPECT_EQ(Read(request_.path), "content");
  EXPECT_THAT(Files(), ElementsAre("file.bin"));
  EXPECT_THAT(seen, ElementsAre(7, 7));
}

TEST_F(DownloaderTest, RefusesAddressesAlsoAfterARedirection) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "secret"); });
  const auto http = MakeHttpClient(NetworkRules());
  options_.http = http.get();
  absl::Status status = DownloadFrom({server.Url("/x")});
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1 is no address of the public"));
  EXPECT_THAT(server.requests(), IsEmpty());

  options_.http = http_.get();
  HttpServer redirecting([&](const std::string&) {
    const std::string elsewhere =
        absl::StrCat("Location: http://127.0.0.2:", server.port(), "/\r\n");
    return HttpServer::Reply("302 Found", "", elsewhere);
  });
  status = DownloadFrom({redirecting.Url("/x")});
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.2"));
  EXPECT_THAT(server.requests(), IsEmpty());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, FollowsRedirectionsToTheWebOnly) {
  HttpServer server([&](const std::string& request) {
    if (absl::StartsWith(request, "GET /a ")) {
      return HttpServer::Reply("301 Moved", "", "Location: /b\r\n");
    }
    if (absl::StartsWith(request, "GET /f ")) {
      return HttpServer::Reply("301 Moved", "", "Location: file:///etc/passwd\r\n");
    }
    if (absl::StartsWith(request, "GET /loop ")) {
      return HttpServer::Reply("301 Moved", "", "Location: /loop\r\n");
    }
    return HttpServer::Reply("200 OK", "b");
  });
  EXPECT_TRUE(DownloadFrom({server.Url("/a")}).ok());
  EXPECT_EQ(Read(request_.path), "b");
  request_.path = Path("data/other");
  EXPECT_FALSE(DownloadFrom({server.Url("/f")}).ok());
  EXPECT_FALSE(DownloadFrom({server.Url("/loop")}).ok());
  EXPECT_FALSE(DownloadFrom({"file:///etc/passwd"}).ok());
  EXPECT_THAT(Files(), ElementsAre("file.bin"));
}

TEST_F(DownloaderTest, TriesTheMirrorsInOrderAndNamesTheReasonOfEach) {
  HttpServer bad([](const std::string&) { return HttpServer::Reply("404 Not Found", "no"); });
  HttpServer wrong([](const std::string&) { return HttpServer::Reply("200 OK", "other"); });
  HttpServer good([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  request_.sha256 = Sha256Hex("content");
  const absl::Status status = DownloadFrom({bad.Url("/x"), wrong.Url("/x")});
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the server answers with 404"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("wrong checksum"));
  EXPECT_THAT(bad.requests(), SizeIs(1));
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_TRUE(DownloadFrom({bad.Url("/x"), wrong.Url("/x"), good.Url("/x")}).ok());
  EXPECT_EQ(Read(request_.path), "content");
}

// Sends half of "0123456789" and hangs up, then serves the requested range.
std::string Interrupted(const std::string& request) {
  if (absl::StrContains(request, "Range: bytes=5-")) {
    return HttpServer::Reply("206 Partial Content", "56789", "Content-Range: bytes 5-9/10\r\n");
  }
  return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n01234";
}

TEST_F(DownloaderTest, GoesOnWhereItWasInterrupted) {
  HttpServer server(Interrupted);
  request_.sha256 = Sha256Hex("0123456789");
  ASSERT_TRUE(DownloadFrom({server.Url("/x")}).ok());
  EXPECT_EQ(Read(request_.path), "0123456789");
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(DownloaderTest, BeginsAnewWhereTheServerCannotGoOn) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "0123456789"); });
  folder_.Write("data/file.bin.part", "01234");
  request_.sha256 = Sha256Hex("0123456789");
  ASSERT_TRUE(DownloadFrom({server.Url("/x")}).ok());
  EXPECT_EQ(Read(request_.path), "0123456789");
}

TEST_F(DownloaderTest, WithoutAChecksumAPartIsNotTrusted) {
  HttpServer server([](const std::string& request) {
    EXPECT_FALSE(absl::StrContains(request, "Range:"));
    return HttpServer::Reply("200 OK", "0123456789");
  });
  folder_.Write("data/file.bin.part", "other");
  ASSERT_TRUE(DownloadFrom({server.Url("/x")}).ok());
  EXPECT_EQ(Read(request_.path), "0123456789");
}

TEST_F(DownloaderTest, AShortReplyIsNoFile) {
  HttpServer server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
  });
  EXPECT_TRUE(absl::IsUnavailable(DownloadFrom({server.Url("/x")})));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, TheListenerEndsIt) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  options_.on_progress = [](int64_t, int64_t) { return false; };
  EXPECT_TRUE(absl::IsCancelled(DownloadFrom({server.Url("/x")})));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(DownloaderTest, AContentInTheCacheIsAskedForOnce) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  options_.cache = Path("cache");
  request_.sha256 = Sha256Hex("content");
  ASSERT_TRUE(DownloadFrom({server.Url("/x")}).ok());
  request_.path = Path("data/second.bin");
  ASSERT_TRUE(DownloadFrom({server.Url("/y")}).ok());
  EXPECT_EQ(Read(request_.path), "content");
  EXPECT_THAT(server.requests(), SizeIs(1));
  EXPECT_THAT(Files(), ElementsAre("file.bin", "second.bin"));
  // A damaged file in the cache no longer counts as its content.
  folder_.Write("cache/" + *request_.sha256, "damaged");
  request_.path = Path("data/third.bin");
  ASSERT_TRUE(DownloadFrom({server.Url("/y")}).ok());
  EXPECT_EQ(Read(request_.path), "content");
}

TEST_F(DownloaderTest, TwoWhoWantTheSameDownloadItOnce) {
  std::atomic<int> asked{0};
  HttpServer server([&](const std::string&) {
    ++asked;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return HttpServer::Reply("200 OK", "content");
  });
  request_.sha256 = Sha256Hex("content");
  request_.urls = {server.Url("/x")};
  std::thread other([&] { EXPECT_TRUE(Download(request_, options_).ok()); });
  EXPECT_TRUE(Download(request_, options_).ok());
  other.join();
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(Files(), ElementsAre("file.bin"));
}

TEST(ShownUrlTest, LeavesSecretsOut) {
  EXPECT_EQ(RedactUrl("https://ann:pw@host.org/a/b?token=x#y"), "https://host.org/a/b");
  EXPECT_EQ(RedactUrl("https://host.org/a@b"), "https://host.org/a@b");
  EXPECT_EQ(RedactUrl("nonsense?x"), "nonsense");
}

class FetchTest : public DownloaderTest {
 protected:
  FetchTest() {
    listener_.on_note = [this](const std::string& text) { notes_.push_back(text); };
    listener_.on_progress = [](const std::string&, int64_t, int64_t) { return true; };
    fetch_.http = http_;
    PathResolver::Options paths;
    paths.workspace = folder_.path();
    paths.home = folder_.path();
    paths_ = std::make_unique<PathResolver>(paths);
  }

  absl::Status Fetch(const std::string& path, const std::string& url,
                     const std::string& sha256 = "") {
    Package package;
    package.path = FileReference{path, {}, "train.data[0].mnist.images"};
    package.url = {{url, {}, ""}};
    if (!sha256.empty()) package.checksum = sha256;
    return FetchMissing({&package}, *paths_, fetch_, listener_);
  }

  FetchOptions fetch_;
  FetchListener listener_;
  std::unique_ptr<PathResolver> paths_;
  std::vector<std::string> notes_;
};

TEST_F(FetchTest, FetchesWhatIsMissingAndReplacesWhatIsWrong) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  const std::string digest = Sha256Hex("content");
  EXPECT_TRUE(Fetch("~/kur/a.gz", server.Url("/a.gz")).ok());
  EXPECT_EQ(Read(Path("kur/a.gz")), "content");
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("downloading ~/kur/a.gz from http://127.0.0.1:"),
                                  HasSubstr("downloaded ~/kur/a.gz, 7 bytes")));
  EXPECT_TRUE(Fetch("~/kur/a.gz", server.Url("/a.gz"), digest).ok());
  EXPECT_THAT(server.requests(), SizeIs(1));
  folder_.Write("kur/a.gz", "something else");
  EXPECT_TRUE(Fetch("~/kur/a.gz", server.Url("/a.gz"), digest).ok());
  EXPECT_EQ(Read(Path("kur/a.gz")), "content");
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(FetchTest, APathMayNameTheFileItself) {
  folder_.Write("mine.gz", "content");
  EXPECT_TRUE(Fetch("mine.gz/a.gz", "http://127.0.0.1:1/a.gz").ok());
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(FetchTest, SaysWhatIsMissingWhereNothingIsDownloaded) {
  fetch_.offline = true;
  const absl::Status status = Fetch("~/kur/a.gz", "http://x.org/a.gz?key=secret");
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("train.data[0].mnist.images: no such file: ~/kur/a.gz, and nothing is "
                        "downloaded here (--offline): bring http://x.org/a.gz there"));
}

TEST_F(FetchTest, DownloadsOnlyToWhereJobsMayWrite) {
  EXPECT_FALSE(Fetch("/etc/a.gz", "http://127.0.0.1:1/a.gz").ok());
  EXPECT_FALSE(Fetch("../a.gz", "http://127.0.0.1:1/a.gz").ok());
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(DownloaderTest, ProvesWhoAsks) {
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  request_.login.token = "a-token";
  ASSERT_TRUE(DownloadFrom({server.Url("/file.bin")}).ok());
  request_.login = {"anna", "hush", ""};
  request_.path = Path("data/again.bin");
  ASSERT_TRUE(DownloadFrom({server.Url("/file.bin")}).ok());
  ASSERT_THAT(server.requests(), SizeIs(2));
  EXPECT_THAT(server.requests()[0], HasSubstr("Authorization: Bearer a-token\r\n"));
  EXPECT_THAT(server.requests()[1], HasSubstr("Authorization: Basic YW5uYTpodXNo\r\n"));
}

TEST_F(DownloaderTest, ProvesNothingToAServerThatItIsSentTo) {
  HttpServer other([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  HttpServer server([&](const std::string&) {
    return HttpServer::Reply("302 Found", "",
                             absl::StrCat("Location: ", other.Url("/file.bin"), "\r\n"));
  });
  for (const HttpLogin& login : {HttpLogin{"", "", "a-token"}, HttpLogin{"anna", "hush", ""}}) {
    request_.login = login;
    ASSERT_TRUE(DownloadFrom({server.Url("/file.bin")}).ok());
    ASSERT_EQ(unlink(request_.path.c_str()), 0);
  }
  ASSERT_THAT(other.requests(), SizeIs(2));
  for (const std::string& request : other.requests()) {
    EXPECT_THAT(request, Not(HasSubstr("Authorization")));
  }
}

TEST_F(DownloaderTest, KnowsNoSecrets) {
  const absl::Status url = DownloadFrom({"secret:DATA"});
  EXPECT_THAT(std::string(url.message()),
              HasSubstr("from secret:DATA: the secret 'DATA' is known to jobs of kurd only"));
  HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
  request_.login.token = "secret:TOKEN";
  EXPECT_THAT(std::string(DownloadFrom({server.Url("/file.bin")}).message()),
              HasSubstr("the secret 'TOKEN' is known to jobs of kurd only"));
  EXPECT_THAT(server.requests(), IsEmpty());
}

}  // namespace
}  // namespace kur
