// What a worker has reported, and what it goes on from, survives a loss of power.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/download/downloader.h"
#include "engine/train/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/worker/reporter.h"
#include "server/worker/spool.h"
#include "tests/durability/promise.h"
#include "tests/engine/download/http_server.h"
#include "tests/engine/train/train_test_util.h"

namespace kur::worker {
namespace {

using testing::CheckPromise;
using testing::HttpServer;
using testing::PowerLossDisk;
using testing::Promise;

class NoSink : public EventSink {
 public:
  absl::Status Add(v1::Event) override { return absl::OkStatus(); }
  absl::Status Sync() override { return absl::OkStatus(); }
};

TEST(WorkerPromisesTest, AReportedArtifactIsThere) {
  Promise promise;
  promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
    for (const char* name : {"/workspace", "/home", "/run"}) {
      ASSERT_TRUE(disk.files().MakeDirectories(folder + name).ok());
    }
  };
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    PathResolver::Options paths;
    paths.workspace = folder + "/workspace";
    paths.home = folder + "/home";
    const PathResolver resolver(paths);
    NoSink sink;
    Reporter::Options options;
    options.artifact_folder = folder + "/run/artifacts";
    options.files = &disk.files();
    Reporter reporter(resolver, &sink, options);
    ArtifactInfo info;
    info.file.path = "weights/best/epoch-3.kur";
    const absl::Status written = reporter.WriteArtifact(info, "content");
    EXPECT_TRUE(written.ok()) << written;
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) -> std::string {
    for (const char* root : {"/workspace/", "/run/artifacts/"}) {
      const auto content = disk.files().Read(folder + root + "weights/best/epoch-3.kur");
      if (!content.ok() || *content != "content") return root;
    }
    return "";
  };
  CheckPromise(promise);
}

// Of an event of that many bytes, and of two after it in a file that was begun anew if it can be.
TEST(WorkerPromisesTest, WhatWasReportedBeforeASynchronizationIsThere) {
  for (const size_t bytes : {size_t{10}, size_t{9} << 20}) {
    Promise promise;
    promise.act = [&](PowerLossDisk& disk, const std::string& folder) {
      const auto spool = Spool::Open(disk.files(), folder + "/spool");
      ASSERT_TRUE(spool.ok()) << spool.status();
      v1::Event event;
      event.mutable_log_line()->set_text(std::string(bytes, 'x'));
      EXPECT_TRUE((*spool)->Append(event).ok());
      EXPECT_TRUE((*spool)->Append(v1::Event()).ok());
      (*spool)->Acknowledge(2);
      EXPECT_TRUE((*spool)->Append(v1::Event()).ok());
      EXPECT_TRUE((*spool)->Sync().ok());
    };
    promise.missing = [](PowerLossDisk& disk, const std::string& folder) -> std::string {
      const auto spool = Spool::Open(disk.files(), folder + "/spool");
      if (!spool.ok()) return std::string(spool.status().message());
      return (*spool)->Read(2, 10, absl::ZeroDuration()).size() == 1 ? "" : "the event";
    };
    // The file that is begun anew is synchronized twice; see the next test.
    promise.must_be_needed = [](const std::vector<std::string>& syncs, size_t i) {
      return syncs[i].find(".new") == std::string::npos;
    };
    CheckPromise(promise);
  }
}

// The new file's name may become durable before the spool is synchronized again, because others
// synchronize the directory.
TEST(WorkerPromisesTest, WhatWasSynchronizedIsThereAlsoInAFileThatIsBegunAnew) {
  Promise promise;
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    const auto spool = Spool::Open(disk.files(), folder + "/spool");
    ASSERT_TRUE(spool.ok()) << spool.status();
    v1::Event event;
    event.mutable_log_line()->set_text(std::string(size_t{9} << 20, 'x'));
    EXPECT_TRUE((*spool)->Append(event).ok());
    EXPECT_TRUE((*spool)->Append(v1::Event()).ok());
    EXPECT_TRUE((*spool)->Append(v1::Event()).ok());
    EXPECT_TRUE((*spool)->Sync().ok());
    (*spool)->Acknowledge(2);
    EXPECT_TRUE(disk.files().SyncDirectory(folder).ok());
  };
  promise.missing = [](PowerLossDisk& disk, const std::string& folder) -> std::string {
    const auto spool = Spool::Open(disk.files(), folder + "/spool");
    if (!spool.ok()) return std::string(spool.status().message());
    return (*spool)->Read(2, 10, absl::ZeroDuration()).size() == 1 ? "" : "the event";
  };
  promise.must_be_needed = [](const std::vector<std::string>& syncs, size_t i) {
    return syncs[i].find(".new") != std::string::npos;
  };
  CheckPromise(promise);
}

TEST(WorkerPromisesTest, ADownloadedFileIsThere) {
  for (const bool cached : {false, true}) {
    SCOPED_TRACE(cached ? "with a cache" : "without a cache");
    HttpServer server([](const std::string&) { return HttpServer::Reply("200 OK", "content"); });
    Promise promise;
    promise.prepare = [](PowerLossDisk& disk, const std::string& folder) {
      ASSERT_TRUE(disk.files().MakeDirectories(folder + "/data").ok());
      ASSERT_TRUE(disk.files().MakeDirectories(folder + "/cache").ok());
    };
    promise.act = [&](PowerLossDisk& disk, const std::string& folder) {
      DownloadRequest request;
      request.urls = {server.Url("/file.bin")};
      request.path = folder + "/data/file.bin";
      request.sha256 = Sha256Hex("content");
      DownloadOptions options;
      const auto http = MakeHttpClient(NetworkRules::Parse({"127.0.0.1"}).value());
      options.http = http.get();
      options.files = &disk.files();
      if (cached) options.cache = folder + "/cache";
      const absl::Status downloaded = Download(request, options);
      EXPECT_TRUE(downloaded.ok()) << downloaded;
    };
    promise.missing = [&](PowerLossDisk& disk, const std::string& folder) -> std::string {
      for (const std::string& file :
           {std::string("/data/file.bin"), "/cache/" + Sha256Hex("content")}) {
        if (!cached && file[1] == 'c') continue;
        if (disk.files().Read(folder + file).value_or("") != "content") return file;
      }
      return "";
    };
    CheckPromise(promise);
  }
}

constexpr char kKurfile[] = R"(
model: [{input: point}, {dense: 8}, {activation: tanh}, {dense: 1, name: above}]
train:
  data: [{pickle: train.pkl}]
  provider: {batch_size: 8}
  epochs: 2
  log: log
loss: [{target: above, name: mean_squared_error}]
)";

// Trains until after `batches` batches, with `log` and what it goes on from on the disk. Returns
// the loss of the last epoch.
absl::StatusOr<double> Train(PowerLossDisk& disk, const std::string& folder,
                             std::optional<size_t> batches) {
  const testing::Workspace workspace(folder);
  workspace.WritePoints("train.pkl", 21, 1);
  testing::RecordingObserver observer(folder);
  observer.cancel_after_batches = batches;
  observer.checkpoint_after_batches = batches;
  RunOptions options;
  options.seed = 17;
  options.resume_path = folder + "/resume";
  options.files = &disk.files();
  KUR_RETURN_IF_ERROR(workspace.Run(kKurfile, &observer, options).status());
  return observer.epochs.back().loss;
}

// What is to be the same however often the power was lost: the sizes of the columns of the log, and
// the loss of the last epoch.
absl::StatusOr<std::map<std::string, double>> TrainToTheEnd(PowerLossDisk& disk,
                                                            const std::string& folder) {
  std::map<std::string, double> result;
  KUR_ASSIGN_OR_RETURN(result["loss"], Train(disk, folder, std::nullopt));
  KUR_ASSIGN_OR_RETURN(const auto names, ListDirectory(folder + "/log"));
  for (const std::string& name : names) {
    if (name == "summary.yml") continue;
    KUR_ASSIGN_OR_RETURN(const int64_t size, FileSize(folder + "/log/" + name));
    result[name] = static_cast<double>(size);
  }
  return result;
}

// In the middle of the second epoch.
TEST(WorkerPromisesTest, TrainingGoesOnWithItsLogWhereItWas) {
  std::map<std::string, double> expected;
  {
    const TemporaryDirectory folder;
    PowerLossDisk disk(folder.path());
    const auto result = TrainToTheEnd(disk, folder.path());
    ASSERT_TRUE(result.ok()) << result.status();
    expected = *result;
  }
  Promise promise;
  promise.act = [](PowerLossDisk& disk, const std::string& folder) {
    EXPECT_TRUE(Train(disk, folder, 4).ok());
  };
  promise.missing = [&](PowerLossDisk& disk, const std::string& folder) -> std::string {
    const auto resumed = ReadCheckpoint(folder + "/resume");
    if (!resumed.ok()) return std::string(resumed.status().message());
    if (resumed->position.progress.run_batches != 4) return "it goes on from an earlier batch";
    const auto result = TrainToTheEnd(disk, folder);
    if (!result.ok()) return std::string(result.status().message());
    return *result == expected ? "" : "the log or the loss is another";
  };
  // The summary of the log, and what the run goes on from, are written again and again.
  promise.must_be_needed = [](const std::vector<std::string>& syncs, size_t i) {
    const auto begins = [](const std::string& sync, const char* with) {
      return sync.rfind(with, 0) == 0;
    };
    if (begins(syncs[i], "file log/")) return syncs[i].find("summary") == std::string::npos;
    return begins(syncs[i], "file resume") &&
           std::none_of(syncs.begin() + static_cast<std::ptrdiff_t>(i) + 1, syncs.end(),
                        [&](const std::string& sync) { return begins(sync, "file resume"); });
  };
  CheckPromise(promise);
}

}  // namespace
}  // namespace kur::worker
