#include "server/worker/reporter.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/forwarding_file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur::worker {
namespace {

using kur::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// Keeps every event, or fails.
class RecordingSink : public EventSink {
 public:
  absl::Status Add(v1::Event event) override {
    events.push_back(std::move(event));
    return status;
  }
  absl::Status Sync() override {
    synchronized = events.size();
    return status;
  }

  std::vector<v1::Event> events;
  size_t synchronized = 0;
  absl::Status status;
};

BatchDone Batch(int64_t epoch, int64_t batch, double loss) {
  BatchDone done;
  done.epoch = epoch;
  done.batch = batch;
  done.size = 8;
  done.loss = loss;
  done.samples = 8 * batch;
  done.mean_loss = loss / 2;
  return done;
}

class ReporterTest : public ::testing::Test {
 protected:
  ReporterTest() {
    PathResolver::Options options;
    options.workspace = Path("workspace");
    options.home = Path("home");
    dir_.Write("workspace/kurfile.yml", "");
    dir_.Write("home/.profile", "");
    paths_.emplace(options);
    reporter_ = MakeReporter("run");
  }

  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string Content(const std::string& name) const {
    const auto content = FileSystem::Posix().Read(Path(name));
    return content.ok() ? *content : content.status().ToString();
  }

  // A reporter of a run that keeps its artifacts in that folder.
  std::unique_ptr<Reporter> MakeReporter(const std::string& folder) {
    Reporter::Options options;
    if (!folder.empty()) options.artifact_folder = Path(folder);
    return std::make_unique<Reporter>(*paths_, &sink_, options);
  }

  static ArtifactInfo Artifact(const std::string& path) {
    ArtifactInfo info;
    info.file.path = path;
    info.file.key = "train.weights.last";
    info.file.location = {std::make_shared<const std::string>("kurfile.yml"), 3, 5};
    info.description = "last weights";
    info.epoch = 4;
    info.batch = 5;
    return info;
  }

  // The losses of all packets, and the numbers of their batches.
  std::vector<std::pair<int64_t, float>> Losses() const {
    std::vector<std::pair<int64_t, float>> losses;
    for (const v1::Event& event : sink_.events) {
      const v1::BatchLosses& packet = event.batch_losses();
      EXPECT_EQ(packet.losses_size(), packet.sizes_size());
      for (int i = 0; i < packet.losses_size(); ++i) {
        losses.emplace_back(packet.first_batch() + i, packet.losses(i));
      }
    }
    return losses;
  }

  TemporaryDirectory dir_;
  std::optional<PathResolver> paths_;
  RecordingSink sink_;
  std::unique_ptr<Reporter> reporter_;
};

TEST_F(ReporterTest, WhatIsNoTextIsReplaced) {
  reporter_->OnLog(LogLevel::kInfo, "w\xff.kur");
  EvaluationResult result;
  result.section = "validate";
  result.losses["\xfe"] = 1;
  reporter_->OnEvaluated(result);
  ASSERT_EQ(sink_.events.size(), 2U);
  EXPECT_EQ(sink_.events[0].log_line().text(), "w\xef\xbf\xbd.kur");
  for (const v1::Event& event : sink_.events) {
    v1::Event copy;
    EXPECT_TRUE(copy.ParseFromString(event.SerializeAsString()));
  }
}

// A run that goes on from a file does not repeat the batches before it, so none of their losses may
// be missing if the process is killed as soon as the file is there.
TEST_F(ReporterTest, SendsWhatIsBeingPackedBeforeItWritesAnArtifact) {
  class WatchedFileSystem : public kur::testing::ForwardingFileSystem {
   public:
    absl::Status Rename(const std::string& from, const std::string& to) override {
      before_rename();
      return Posix().Rename(from, to);
    }
    std::function<void()> before_rename;
  } files;
  bool renamed = false;
  files.before_rename = [&] {
    renamed = true;
    EXPECT_THAT(Losses(), ElementsAre(Pair(1, 0.5F)));
  };
  Reporter::Options options;
  options.files = &files;
  Reporter reporter(*paths_, &sink_, options);
  reporter.OnEpochStarted({1, 2, 3, 24});
  reporter.OnBatch(Batch(1, 1, 0.5));
  EXPECT_TRUE(reporter.WriteArtifact(Artifact("last.kur"), "weights").ok());
  EXPECT_TRUE(renamed);
}

TEST_F(ReporterTest, SendsWhatIsBeingPackedBeforeAnythingElse) {
  reporter_->OnEpochStarted({1, 2, 3, 24});
  for (int64_t i = 1; i <= 3; ++i) reporter_->OnBatch(Batch(1, i, 0.5 * static_cast<double>(i)));
  reporter_->OnLog(LogLevel::kInfo, "hello");
  EXPECT_THAT(Losses(), ElementsAre(Pair(1, 0.5F), Pair(2, 1.0F), Pair(3, 1.5F)));
  ASSERT_GE(sink_.events.size(), 3U);
  EXPECT_TRUE(sink_.events.front().has_epoch_started());
  EXPECT_TRUE(sink_.events.back().has_log_line());
  const v1::BatchLosses& packet = sink_.events[sink_.events.size() - 2].batch_losses();
  EXPECT_EQ(packet.epoch(), 1);
  EXPECT_EQ(packet.samples(), 24);
  EXPECT_DOUBLE_EQ(packet.mean_loss(), 0.75);
  EXPECT_GT(packet.samples_per_second(), 0);
  EXPECT_EQ(packet.sizes(0), 8);
}

TEST_F(ReporterTest, EveryKindOfEventComesAfterTheLossesBeforeIt) {
  int64_t batch = 0;
  const auto expect_last = [&](bool (v1::Event::*is_kind)() const) {
    EXPECT_EQ(Losses().size(), static_cast<size_t>(batch));
    EXPECT_TRUE((sink_.events.back().*is_kind)());
    reporter_->OnBatch(Batch(1, ++batch, 1));
  };
  reporter_->OnStarted({});
  expect_last(&v1::Event::has_started);
  reporter_->OnEpochStarted({});
  expect_last(&v1::Event::has_epoch_started);
  reporter_->OnEpochFinished({});
  expect_last(&v1::Event::has_epoch_finished);
  reporter_->OnPassProgress("validate", 1, 2);
  expect_last(&v1::Event::has_pass_progress);
  reporter_->OnEvaluated({});
  expect_last(&v1::Event::has_measured);
  ASSERT_TRUE(reporter_->WriteArtifact(Artifact("a.w"), "x").ok());
  expect_last(&v1::Event::has_artifact_written);
  reporter_->OnLog(LogLevel::kError, "x");
  expect_last(&v1::Event::has_log_line);
}

TEST_F(ReporterTest, PacksManyBatchesIntoFewEventsWithoutLosingOne) {
  reporter_->OnEpochStarted({1, 1, 100'000, 800'000});
  constexpr int64_t kBatches = 100'000;
  for (int64_t i = 1; i <= kBatches; ++i) reporter_->OnBatch(Batch(1, i, 1));
  ASSERT_TRUE(reporter_->Flush().ok());
  const auto losses = Losses();
  ASSERT_EQ(losses.size(), static_cast<size_t>(kBatches));
  for (int64_t i = 0; i < kBatches; ++i) ASSERT_EQ(losses[static_cast<size_t>(i)].first, i + 1);
  // Every packet but the last is at least a tenth of a second long.
  EXPECT_LT(sink_.events.size(), losses.size() / 10);
  const size_t events = sink_.events.size();
  ASSERT_TRUE(reporter_->Flush().ok());
  EXPECT_EQ(sink_.events.size(), events);
}

TEST_F(ReporterTest, FlushGivesTheFirstErrorOfTheSink) {
  sink_.status = absl::ResourceExhaustedError("full");
  reporter_->OnLog(LogLevel::kInfo, "a");
  sink_.status = absl::InternalError("later");
  reporter_->OnLog(LogLevel::kInfo, "b");
  EXPECT_EQ(reporter_->Flush(), absl::ResourceExhaustedError("full"));
}

TEST_F(ReporterTest, TellsEverythingOfAEvaluationResult) {
  EvaluationResult result;
  result.section = "validate";
  result.set = "hard";
  result.epoch = 2;
  result.loss = 1.5;
  result.losses = {{"labels", 1.5}};
  result.metrics = {{"accuracy", 0.75}};
  result.samples = 40;
  result.seconds = 0.5;
  reporter_->OnEvaluated(result);
  const v1::Measured& measured = sink_.events.at(0).measured();
  EXPECT_EQ(measured.section(), "validate");
  EXPECT_EQ(measured.set(), "hard");
  EXPECT_EQ(measured.epoch(), 2);
  EXPECT_EQ(measured.loss(), 1.5);
  EXPECT_EQ(measured.losses().at("labels"), 1.5);
  EXPECT_EQ(measured.metrics().at("accuracy"), 0.75);
  EXPECT_EQ(measured.samples(), 40);
  EXPECT_EQ(measured.seconds(), 0.5);
}

TEST_F(ReporterTest, WritesAnArtifactAndSaysSo) {
  ASSERT_TRUE(reporter_->WriteArtifact(Artifact("./out//a.w"), "weights").ok());
  EXPECT_EQ(Content("workspace/out/a.w"), "weights");
  EXPECT_EQ(Content("run/out/a.w"), "weights");
  EXPECT_THAT(*ListDirectory(Path("workspace/out")), ElementsAre("a.w"));
  EXPECT_THAT(*ListDirectory(Path("run/out")), ElementsAre("a.w"));
  ASSERT_EQ(sink_.events.size(), 1U);
  const v1::Artifact& artifact = sink_.events[0].artifact_written();
  EXPECT_EQ(artifact.path(), "out/a.w");
  EXPECT_EQ(artifact.kind(), v1::Artifact::KIND_CHECKPOINT);
  EXPECT_EQ(artifact.size(), 7);
  EXPECT_EQ(artifact.sha256(), Sha256Hex("weights"));
  EXPECT_EQ(artifact.description(), "last weights");
  EXPECT_EQ(artifact.epoch(), 4);
  EXPECT_EQ(artifact.batch(), 5);
  EXPECT_GT(artifact.written_at().seconds(), 0);
}

TEST_F(ReporterTest, TheSecondNameTakesNoSpace) {
  ASSERT_TRUE(reporter_->WriteArtifact(Artifact("a.w"), "weights").ok());
  EXPECT_TRUE(std::filesystem::equivalent(Path("workspace/a.w"), Path("run/a.w")));
}

TEST_F(ReporterTest, ALaterRunThatWritesTheSamePathLeavesTheCopyAlone) {
  ASSERT_TRUE(reporter_->WriteArtifact(Artifact("a.w"), "first").ok());
  ASSERT_TRUE(reporter_->WriteArtifact(Artifact("a.w"), "second").ok());
  ASSERT_TRUE(MakeReporter("later")->WriteArtifact(Artifact("a.w"), "third").ok());
  EXPECT_EQ(Content("workspace/a.w"), "third");
  EXPECT_EQ(Content("run/a.w"), "second");
  EXPECT_EQ(Content("later/a.w"), "third");
}

TEST_F(ReporterTest, WithoutAFolderThereIsNoCopy) {
  ASSERT_TRUE(MakeReporter("")->WriteArtifact(Artifact("a.w"), "x").ok());
  EXPECT_THAT(*ListDirectory(dir_.path()), ElementsAre("home", "workspace"));
}

TEST_F(ReporterTest, WritesBelowTheUsersHome) {
  ASSERT_TRUE(reporter_->WriteArtifact(Artifact("~/a.w"), "x").ok());
  EXPECT_EQ(Content("home/a.w"), "x");
  EXPECT_EQ(sink_.events.at(0).artifact_written().path(), "~/a.w");
}

TEST_F(ReporterTest, RefusesPathsOutsideAndNamesThePlaceInTheKurfile) {
  std::filesystem::create_directory_symlink(Path("home"), Path("workspace/link"));
  for (const char* path : {"../a.w", "/a.w", "link/a.w", "~/../a.w"}) {
    const absl::Status status = reporter_->WriteArtifact(Artifact(path), "x");
    EXPECT_FALSE(status.ok()) << path;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
    EXPECT_THAT(std::string(status.message()), HasSubstr("kurfile.yml:3:5"));
  }
  EXPECT_THAT(sink_.events, IsEmpty());
  EXPECT_FALSE(Exists(Path("a.w")));
  EXPECT_FALSE(Exists(Path("home/a.w")));
}

TEST_F(ReporterTest, ReportsWhatTheRunGoesOnFrom) {
  reporter_->OnSaved(120);
  ASSERT_EQ(sink_.events.size(), 1U);
  EXPECT_EQ(sink_.events[0].saved().batch(), 120);
}

TEST_F(ReporterTest, AcknowledgesACommandAndSaysWhatWentWrong) {
  reporter_->OnCommandDone(7, absl::OkStatus());
  reporter_->OnCommandDone(8, absl::FailedPreconditionError("the run ended"));
  ASSERT_EQ(sink_.events.size(), 2U);
  EXPECT_EQ(sink_.events[0].command_done().id(), 7);
  EXPECT_EQ(sink_.events[0].command_done().code(), 0);
  EXPECT_EQ(sink_.events[0].command_done().message(), "");
  EXPECT_EQ(sink_.events[1].command_done().id(), 8);
  EXPECT_EQ(sink_.events[1].command_done().code(), 9);
  EXPECT_EQ(sink_.events[1].command_done().message(), "the run ended");
}

}  // namespace
}  // namespace kur::worker
