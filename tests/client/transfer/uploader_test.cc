#include "client/transfer/uploader.h"

#include <memory>

#include "engine/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

class UploaderTest : public testing::Test {
 protected:
  void SetUp() override {
    Settings settings;
    settings.server = *ParseAddress(server_.address());
    connection_ = *Connection::Open(settings);
  }

  LocalFile File(const std::string& name, const std::string& content) {
    return {folder_.Write(name, content), Sha256Hex(content), static_cast<int64_t>(content.size())};
  }

  absl::Status Upload(const std::vector<LocalFile>& files) {
    Uploader uploader(*connection_, clock_, [this](const Transfer& t) { last_ = t; });
    return uploader.UploadMissing(files);
  }

  std::string Blob(const std::string& content) {
    return server_.With([&](FakeState& state) { return state.blobs[Sha256Hex(content)]; });
  }

  std::vector<v1::UploadBlobRequest> Starts() {
    return server_.With([](FakeState& state) { return state.upload_starts; });
  }

  const std::string big_ = std::string(600'000, 'x') + "end";
  TemporaryDirectory folder_;
  FakeServer server_{folder_.File("kurd.sock")};
  std::unique_ptr<Connection> connection_;
  FakeClock clock_;
  Transfer last_;
};

TEST_F(UploaderTest, SendsWhatIsMissingOnce) {
  server_.With([](FakeState& state) { state.blobs[Sha256Hex("there")] = "there"; });
  ASSERT_TRUE(Upload({File("a", "there"), File("b", big_), File("c", big_), File("d", "")}).ok());
  EXPECT_EQ(Blob(big_), big_);
  EXPECT_EQ(Starts().size(), 2u);  // big_ and the empty file
}

TEST_F(UploaderTest, GoesOnWhereTheConnectionBroke) {
  server_.With([](FakeState& state) { state.cut_upload_after = 300'000; });
  const absl::Status status = Upload({File("big", big_)});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Blob(big_), big_);
  ASSERT_EQ(Starts().size(), 2u);
  EXPECT_EQ(Starts()[1].offset(), 300'000);
  EXPECT_EQ(last_.done, last_.total);
}

TEST_F(UploaderTest, GoesOnWhereAnEarlierProcessStopped) {
  server_.With(
      [this](FakeState& state) { state.partial_blobs[Sha256Hex(big_)] = big_.substr(0, 1234); });
  ASSERT_TRUE(Upload({File("big", big_)}).ok());
  EXPECT_EQ(Starts()[0].offset(), 1234);
  EXPECT_EQ(Blob(big_), big_);
}

TEST_F(UploaderTest, SaysWhenAFileWasChangedMeanwhile) {
  LocalFile file = File("big", big_);
  folder_.Write("big", "shorter by now");
  EXPECT_TRUE(absl::IsAborted(Upload({file})));
  folder_.Write("big", std::string(big_.size(), 'y'));
  EXPECT_TRUE(absl::IsInvalidArgument(Upload({file})));
}

}  // namespace
}  // namespace kur::client
