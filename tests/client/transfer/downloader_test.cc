#include "client/transfer/downloader.h"

#include <memory>

#include "client/transfer/artifact_fetcher.h"
#include "engine/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::ElementsAre;

class DownloaderTest : public testing::Test {
 protected:
  void SetUp() override {
    Settings settings;
    settings.server = *ParseAddress(server_.address());
    connection_ = *Connection::Open(settings);
    SetContent(old_);
  }

  void SetContent(const std::string& content) {
    server_.With([&](FakeState& state) { state.contents["cifar-7"]["w/last.kur"] = content; });
  }

  absl::StatusOr<v1::Artifact> Download(const v1::Artifact& artifact) {
    Downloader downloader(*connection_, clock_,
                          [this](const Transfer&) { return ++observed_ != stop_at_; });
    return downloader.Download("cifar-7", artifact, folder_.File("out/last.kur"));
  }

  std::vector<int64_t> Offsets() {
    return server_.With([](FakeState& state) {
      std::vector<int64_t> offsets;
      for (const auto& request : state.downloads) offsets.push_back(request.offset());
      return offsets;
    });
  }

  std::string PartName(const std::string& content) {
    return "out/last.kur." + Sha256Hex(content).substr(0, 16) + ".part";
  }

  const std::string old_ = std::string(3000, 'a') + "old";
  const std::string new_ = std::string(4000, 'b') + "new";
  TemporaryDirectory folder_;
  FakeServer server_{folder_.File("kurd.sock")};
  std::unique_ptr<Connection> connection_;
  FakeClock clock_;
  int observed_ = 0;
  int stop_at_ = -1;
};

TEST_F(DownloaderTest, WritesTheFileAndNothingElse) {
  const auto artifact = Download(ArtifactFor("w/last.kur", old_));
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(folder_.Read("out/last.kur"), old_);
  EXPECT_EQ(folder_.Read(PartName(old_)), "(missing)");
}

TEST_F(DownloaderTest, GoesOnWhereTheConnectionBroke) {
  server_.With([](FakeState& state) {
    state.cut_download_after = 2000;
    state.on_cut_download = [](FakeState& inner) { inner.cut_download_after = 0; };
  });
  ASSERT_TRUE(Download(ArtifactFor("w/last.kur", old_)).ok());
  EXPECT_EQ(folder_.Read("out/last.kur"), old_);
  EXPECT_THAT(Offsets(), ElementsAre(0, 2000));
}

TEST_F(DownloaderTest, GoesOnWhereAnEarlierProcessStopped) {
  folder_.Write(PartName(old_), old_.substr(0, 1234));
  ASSERT_TRUE(Download(ArtifactFor("w/last.kur", old_)).ok());
  EXPECT_EQ(folder_.Read("out/last.kur"), old_);
  EXPECT_THAT(Offsets(), ElementsAre(1234));
}

TEST_F(DownloaderTest, TakesTheNewestContentWhenItChangesMeanwhile) {
  server_.With([this](FakeState& state) {
    state.cut_download_after = 1000;
    state.on_cut_download = [this](FakeState& inner) {
      inner.cut_download_after = 0;
      inner.contents["cifar-7"]["w/last.kur"] = new_;
    };
  });
  const auto artifact = Download(ArtifactFor("w/last.kur", old_));
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(artifact->sha256(), Sha256Hex(new_));
  EXPECT_EQ(folder_.Read("out/last.kur"), new_);
  EXPECT_EQ(folder_.Read(PartName(old_)), "(missing)");
}

TEST_F(DownloaderTest, TakesTheNewestContentWhenItWasToldOfAnOlderOne) {
  SetContent(new_);
  const auto artifact = Download(ArtifactFor("w/last.kur", old_));
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(folder_.Read("out/last.kur"), new_);
  EXPECT_EQ(folder_.Read(PartName(old_)), "(missing)");
}

TEST_F(DownloaderTest, NeverShowsDamagedBytes) {
  server_.With([](FakeState& state) { state.corrupt_downloads = true; });
  folder_.Write("out/last.kur", "from before");
  const auto artifact = Download(ArtifactFor("w/last.kur", old_));
  EXPECT_TRUE(absl::IsDataLoss(artifact.status())) << artifact.status();
  EXPECT_EQ(folder_.Read("out/last.kur"), "from before");
}

TEST_F(DownloaderTest, AsksForNothingThatIsThere) {
  folder_.Write("out/last.kur", old_);
  ASSERT_TRUE(Download(ArtifactFor("w/last.kur", old_)).ok());
  EXPECT_THAT(Offsets(), ElementsAre());
}

TEST_F(DownloaderTest, StopsWhenItsObserverSaysSoAndKeepsThePart) {
  stop_at_ = 2;
  const auto artifact = Download(ArtifactFor("w/last.kur", old_));
  EXPECT_TRUE(absl::IsCancelled(artifact.status())) << artifact.status();
  EXPECT_EQ(folder_.Read("out/last.kur"), "(missing)");
  EXPECT_NE(folder_.Read(PartName(old_)), "(missing)");
}

TEST_F(DownloaderTest, DownloadsAnEmptyFile) {
  SetContent("");
  ASSERT_TRUE(Download(ArtifactFor("w/last.kur", "")).ok());
  EXPECT_EQ(folder_.Read("out/last.kur"), "");
}

TEST(LocalPathOf, KeepsFilesInTheFolder) {
  v1::Artifact artifact;
  artifact.set_path("w/last.kur");
  EXPECT_EQ(*LocalPathOf("out", artifact), "out/w/last.kur");
  for (const char* path : {"../last.kur", "/etc/passwd", "w/../../x", ""}) {
    artifact.set_path(path);
    EXPECT_FALSE(LocalPathOf("out", artifact).ok()) << path;
  }
}

TEST_F(DownloaderTest, AnOldEventDoesNotBringTheSameContentAgain) {
  ArtifactFetcher fetcher(*connection_, clock_, "cifar-7", folder_.File("fetched"));
  fetcher.Fetch(ArtifactFor("w/last.kur", "a content that is no more"));
  ASSERT_TRUE(fetcher.WaitUntilIdle(absl::Seconds(60)));
  EXPECT_EQ(folder_.Read("fetched/w/last.kur"), old_);
  fetcher.Fetch(ArtifactFor("w/last.kur", "another one that is no more"));
  ASSERT_TRUE(fetcher.WaitUntilIdle(absl::Seconds(60)));
  EXPECT_EQ(fetcher.TakeFetched().size(), 1u);
  const size_t downloads = Offsets().size();
  fetcher.Fetch(ArtifactFor("w/last.kur", old_));
  ASSERT_TRUE(fetcher.WaitUntilIdle(absl::Seconds(60)));
  EXPECT_EQ(Offsets().size(), downloads) << "it is there";
}

TEST_F(DownloaderTest, FetcherTakesContentsThatWereWrittenInTheSameInstant) {
  ArtifactFetcher fetcher(*connection_, clock_, "cifar-7", folder_.File("fetched"));
  fetcher.Fetch(ArtifactFor("w/last.kur", old_));
  ASSERT_TRUE(fetcher.WaitUntilIdle(absl::Seconds(60)));
  SetContent(new_);
  fetcher.Fetch(ArtifactFor("w/last.kur", new_));
  ASSERT_TRUE(fetcher.WaitUntilIdle(absl::Seconds(60)));
  EXPECT_EQ(folder_.Read("fetched/w/last.kur"), new_);
  EXPECT_EQ(fetcher.TakeFetched().size(), 2u);
  EXPECT_TRUE(fetcher.status().ok()) << fetcher.status();
}

TEST_F(DownloaderTest, FetcherReportsWhatCannotBeHad) {
  ArtifactFetcher fetcher(*connection_, clock_, "cifar-7", folder_.File("fetched"));
  fetcher.Fetch(ArtifactFor("../escape", old_));
  ASSERT_TRUE(fetcher.WaitUntilIdle(absl::Seconds(60)));
  EXPECT_FALSE(fetcher.status().ok());
}

}  // namespace
}  // namespace kur::client
