// A run whose process dies goes on as if it had never been interrupted.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/train/checkpoint.h"
#include "engine/train/kur_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using testing::FloatTensors;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::RecordingObserver;
using testing::WeightsIn;
using testing::Workspace;

// Everything that is random or has state: dropout, augmentation, running statistics, momentum, a
// new order of the data in each epoch, and losses that decide which weights are the best. A
// checkpoint after every batch also writes what is needed to go on.
constexpr char kKurfile[] = R"(
model:
  - input: point
  - dense: 8
  - batch_normalization:
  - activation: tanh
  - dropout: 0.3
  - dense: 1
    name: above
train:
  data:
    - pickle: train.pkl
  provider: {batch_size: 8}
  augment: [{noise: {std: 0.05}}, {mixup: {alpha: 1}}]
  optimizer: {name: adam, learning_rate: 0.02}
  epochs: 3
  checkpoint: {path: checkpoint.w, batches: 1}
  weights: {best: best.w, last: last.w}
validate:
  data:
    - pickle: validate.pkl
  weights: best-validation.w
loss:
  - target: above
    name: mean_squared_error
)";

constexpr const char* kFiles[] = {"best.w", "last.w", "best-validation.w", "checkpoint.w"};

class ResumeTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSeed = 17;

  void SetUp() override { WriteData(workspace_); }

  static void WriteData(const Workspace& workspace) {
    workspace.WritePoints("train.pkl", 21, 1);  // three batches: 8, 8 and 5
    workspace.WritePoints("validate.pkl", 13, 2);
  }

  static RunOptions Options(const Workspace& workspace) {
    RunOptions options;
    options.seed = kSeed;
    options.resume_path = workspace.File("resume");
    return options;
  }

  Workspace workspace_;
};

TEST_F(ResumeTest, EndsWithTheSameFilesWhereverTheFirstProcessDied) {
  RecordingObserver whole(workspace_.path());
  ASSERT_EQ(*workspace_.Run(kKurfile, &whole, Options(workspace_)), RunOutcome::kSucceeded);
  ASSERT_GE(whole.written.size(), 13U);  // nine checkpoints, the last, a best at least once each

  for (size_t death = 0; death < whole.written.size(); ++death) {
    SCOPED_TRACE(absl::StrCat("died in write ", death));
    const Workspace workspace;
    WriteData(workspace);
    RecordingObserver first(workspace.path());
    first.failing_write = death;
    ASSERT_FALSE(workspace.Run(kKurfile, &first, Options(workspace)).ok());
    RecordingObserver second(workspace.path());
    RunOptions options = Options(workspace);
    options.seed = death + 1000;           // the seed of the first process counts
    if (death == 0) options.seed = kSeed;  // which has left nothing yet
    ASSERT_EQ(*workspace.Run(kKurfile, &second, options), RunOutcome::kSucceeded);
    for (const char* file : kFiles) {
      EXPECT_EQ(WeightsIn(workspace.File(file)), WeightsIn(workspace_.File(file))) << file;
    }
    EXPECT_EQ(testing::OptimizerStateIn(workspace.File("last.w")),
              testing::OptimizerStateIn(workspace_.File("last.w")));
    EXPECT_DOUBLE_EQ(second.epochs.back().loss, whole.epochs.back().loss);
    EXPECT_EQ(second.epochs.back().samples, whole.epochs.back().samples);
  }
}

// Else a loss of power could take what was reported of batches that never run again.
TEST_F(ResumeTest, WhatWasReportedIsDurableBeforeWhatTheRunGoesOnFrom) {
  RecordingObserver observer(workspace_.path());
  observer.sync_status = absl::ResourceExhaustedError("the disk is full");
  EXPECT_EQ(workspace_.Run(kKurfile, &observer, Options(workspace_)).status(),
            observer.sync_status);
  EXPECT_FALSE(Exists(workspace_.File("resume")));
}

TEST_F(ResumeTest, TheLogIsThatOfAnUninterruptedRun) {
  std::string text = kKurfile;
  text.replace(text.find("  epochs: 3"), 11, "  epochs: 3\n  log: log");
  RecordingObserver whole(workspace_.path());
  ASSERT_TRUE(workspace_.Run(text, &whole, Options(workspace_)).ok());
  for (size_t death = 0; death < whole.written.size(); ++death) {
    SCOPED_TRACE(absl::StrCat("died in write ", death));
    const Workspace workspace;
    WriteData(workspace);
    RecordingObserver first(workspace.path());
    first.failing_write = death;
    ASSERT_FALSE(workspace.Run(text, &first, Options(workspace)).ok());
    RecordingObserver second(workspace.path());
    ASSERT_TRUE(workspace.Run(text, &second, Options(workspace)).ok());
    const std::vector<std::string> columns = *ListDirectory(workspace_.File("log"));
    for (const std::string& column : columns) {
      if (column == "summary.yml") continue;
      EXPECT_EQ(*FileSize(workspace.File("log/" + column)),
                *FileSize(workspace_.File("log/" + column)))
          << column;
    }
    const auto log = KurLog::Open(FileSystem::Posix(), workspace.File("log"), {});
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ((*log)->summary().epochs, 3);
    EXPECT_EQ((*log)->summary().batches, 9);
    EXPECT_EQ((*log)->summary().samples, 63);
  }
}

// The run overwrites the weights that it began with; a second process begins with them anyway.
TEST_F(ResumeTest, InitialWeightsThatTheRunOverwritesStillCount) {
  std::string text = kKurfile;
  const std::string weights = "{best: best.w, last: last.w}";
  text.replace(text.find(weights), weights.size(),
               "{initial: first.w, best: first.w, last: last.w}");
  const std::string every_batch = "batches: 1";
  text.replace(text.find(every_batch), every_batch.size(), "epochs: 100");
  RunOptions options = Options(workspace_);
  options.resume_path.clear();
  RecordingObserver before(workspace_.path());
  ASSERT_TRUE(workspace_.Run(kKurfile, &before, options).ok());
  const std::string start = *FileSystem::Posix().Read(workspace_.File("last.w"));
  workspace_.Write("first.w", start);
  RecordingObserver whole(workspace_.path());
  ASSERT_TRUE(workspace_.Run(text, &whole, Options(workspace_)).ok());
  for (size_t death = 0; death < whole.written.size(); ++death) {
    SCOPED_TRACE(absl::StrCat("died in write ", death));
    const Workspace workspace;
    WriteData(workspace);
    workspace.Write("first.w", start);
    RecordingObserver first(workspace.path());
    first.failing_write = death;
    ASSERT_FALSE(workspace.Run(text, &first, Options(workspace)).ok());
    RecordingObserver second(workspace.path());
    ASSERT_TRUE(workspace.Run(text, &second, Options(workspace)).ok());
    EXPECT_EQ(WeightsIn(workspace.File("last.w")), WeightsIn(workspace_.File("last.w")));
  }
}

TEST_F(ResumeTest, WritesTheSameCheckpointsAsAnUninterruptedRun) {
  std::string text = kKurfile;
  const std::string every_batch = "batches: 1";
  text.replace(text.find(every_batch), every_batch.size(), "epochs: 2");
  text.replace(text.find("epochs: 3"), 9, "epochs: 5");
  RecordingObserver whole(workspace_.path());
  ASSERT_TRUE(workspace_.Run(text, &whole, Options(workspace_)).ok());
  const auto epochs_of_checkpoints = [](const RecordingObserver& observer) {
    std::vector<int64_t> epochs;
    for (const auto& file : observer.written) {
      if (file.info.description == "checkpoint") epochs.push_back(file.info.epoch);
    }
    return epochs;
  };
  EXPECT_THAT(epochs_of_checkpoints(whole), ElementsAre(2, 4));
  for (size_t death = 0; death < whole.written.size(); ++death) {
    SCOPED_TRACE(absl::StrCat("died in write ", death));
    const Workspace workspace;
    WriteData(workspace);
    RecordingObserver first(workspace.path());
    first.failing_write = death;
    ASSERT_FALSE(workspace.Run(text, &first, Options(workspace)).ok());
    RecordingObserver second(workspace.path());
    ASSERT_TRUE(workspace.Run(text, &second, Options(workspace)).ok());
    EXPECT_THAT(epochs_of_checkpoints(second), ::testing::Each(::testing::AnyOf(2, 4)));
    EXPECT_EQ(WeightsIn(workspace.File("checkpoint.w")),
              WeightsIn(workspace_.File("checkpoint.w")));
  }
}

TEST_F(ResumeTest, SaysWhereItGoesOn) {
  RecordingObserver first(workspace_.path());
  // Dies after the fifth batch, in the write after those of four batches and of both best weights.
  first.failing_write = 6;
  ASSERT_FALSE(workspace_.Run(kKurfile, &first, Options(workspace_)).ok());
  ASSERT_EQ(first.batches.size(), 5U);
  RecordingObserver second(workspace_.path());
  ASSERT_EQ(*workspace_.Run(kKurfile, &second, Options(workspace_)), RunOutcome::kSucceeded);
  ASSERT_EQ(second.started.size(), 1U);
  EXPECT_EQ(second.started[0].resumed_at_batch, 4);
  ASSERT_EQ(second.batches.size(), 5U);
  EXPECT_EQ(second.batches[0].epoch, 2);
  EXPECT_EQ(second.batches[0].batch, 2);
  EXPECT_EQ(second.batches[0].loss, first.batches[4].loss);
  EXPECT_EQ(second.epochs_started[0].last_epoch, 3);
}

TEST_F(ResumeTest, ACancelledRunGoesOnFromItsLastBatch) {
  RecordingObserver whole(workspace_.path());
  ASSERT_TRUE(workspace_.Run(kKurfile, &whole, Options(workspace_)).ok());
  const FloatTensors expected = WeightsIn(workspace_.File("last.w"));
  const Workspace other;
  WriteData(other);
  RecordingObserver first(other.path());
  first.cancel_after_batches = 5;
  ASSERT_EQ(*other.Run(kKurfile, &first, Options(other)), RunOutcome::kCancelled);
  RecordingObserver second(other.path());
  ASSERT_EQ(*other.Run(kKurfile, &second, Options(other)), RunOutcome::kSucceeded);
  EXPECT_EQ(second.batches.size(), 4U);
  EXPECT_EQ(WeightsIn(other.File("last.w")), expected);
}

TEST_F(ResumeTest, BeginsAnewWhenWhatIsLeftCannotBeRead) {
  workspace_.Write("resume", "not a checkpoint");
  RecordingObserver observer(workspace_.path());
  ASSERT_EQ(*workspace_.Run(kKurfile, &observer, Options(workspace_)), RunOutcome::kSucceeded);
  EXPECT_EQ(observer.batches.size(), 9U);
  ASSERT_FALSE(observer.logs.empty());
  EXPECT_EQ(observer.logs[0].first, LogLevel::kWarning);
  EXPECT_THAT(observer.logs[0].second, HasSubstr("beginning anew"));
}

TEST_F(ResumeTest, GoesOnFromTheLastGoodCheckpointWhenWhatIsLeftCannotBeRead) {
  RecordingObserver whole(workspace_.path());
  ASSERT_TRUE(workspace_.Run(kKurfile, &whole, Options(workspace_)).ok());
  const FloatTensors expected = WeightsIn(workspace_.File("last.w"));
  const Workspace other;
  WriteData(other);
  RunOptions options = Options(other);
  RecordingObserver first(other.path());
  first.cancel_after_batches = 5;
  ASSERT_EQ(*other.Run(kKurfile, &first, options), RunOutcome::kCancelled);
  // As the worker does: what was written has a second name, which only this run has.
  options.written_folder = other.File("written");
  ASSERT_TRUE(LinkAtomically(FileSystem::Posix(), other.File("checkpoint.w"),
                             other.File("written/checkpoint.w"))
                  .ok());
  other.Write("written/later.w", "no checkpoint of this Kurfile");
  std::string damaged = *FileSystem::Posix().Read(other.File("resume"));
  damaged[damaged.size() / 2] ^= 1;
  other.Write("resume", damaged);
  RecordingObserver second(other.path());
  ASSERT_EQ(*other.Run(kKurfile, &second, options), RunOutcome::kSucceeded);
  ASSERT_FALSE(second.logs.empty());
  EXPECT_EQ(second.logs[0].first, LogLevel::kWarning);
  EXPECT_THAT(second.logs[0].second,
              HasSubstr("going on from the checkpoint checkpoint.w, which was written after 5 "
                        "batches"));
  EXPECT_EQ(second.started[0].resumed_at_batch, 5);
  EXPECT_EQ(WeightsIn(other.File("last.w")), expected);
}

TEST_F(ResumeTest, OfSeveralCheckpointsItGoesOnFromTheFurthestWhateverTheirTimesAre) {
  RunOptions options = Options(workspace_);
  std::string text = kKurfile;
  const std::string path = "checkpoint.w";
  text.replace(text.find(path), path.size(), "'checkpoint-${BATCH}.w'");
  RecordingObserver first(workspace_.path());
  first.cancel_after_batches = 5;
  ASSERT_EQ(*workspace_.Run(text, &first, options), RunOutcome::kCancelled);
  options.written_folder = workspace_.File("written");
  std::vector<std::string> names;
  const auto written = ListDirectory(workspace_.path());
  for (const std::string& name : *written) {
    if (absl::StartsWith(name, "checkpoint-")) names.push_back(name);
  }
  ASSERT_GE(names.size(), 3U);
  // The clock was set back a day before each.
  auto time = std::filesystem::file_time_type::clock::now();
  for (const std::string& name : names) {
    workspace_.Write("written/" + name, *FileSystem::Posix().Read(workspace_.File(name)));
    const auto header = ReadCheckpointHeader(workspace_.File(name));
    ASSERT_TRUE(header.ok());
    std::filesystem::last_write_time(
        workspace_.File("written/" + name),
        time - std::chrono::hours(24 * header->position.progress.run_batches));
  }
  // What claims to be further, and is damaged.
  std::string damaged = *FileSystem::Posix().Read(workspace_.File("resume"));
  damaged[damaged.size() - 1] ^= 1;
  workspace_.Write("resume", damaged);
  workspace_.Write("written/checkpoint-9.w", damaged);
  RecordingObserver second(workspace_.path());
  ASSERT_EQ(*workspace_.Run(text, &second, options), RunOutcome::kSucceeded);
  ASSERT_FALSE(second.logs.empty());
  EXPECT_THAT(second.logs[0].second, HasSubstr("which was written after 5 batches"));
  EXPECT_EQ(second.started[0].resumed_at_batch, 5);
}

TEST_F(ResumeTest, KeepsNothingWithoutAPlaceForIt) {
  RunOptions options = Options(workspace_);
  options.resume_path.clear();
  RecordingObserver observer(workspace_.path());
  ASSERT_TRUE(workspace_.Run(kKurfile, &observer, options).ok());
  EXPECT_THAT(*ListDirectory(workspace_.path()),
              ElementsAre("best-validation.w", "best.w", "checkpoint.w", "last.w", "train.pkl",
                          "validate.pkl"));
}

TEST_F(ResumeTest, ARequestedCheckpointIsWrittenAndGoneOnFrom) {
  RunOptions options = Options(workspace_);
  options.resume_interval = absl::InfiniteDuration();
  std::string text = kKurfile;
  const std::string every_batch = "batches: 1";
  text.replace(text.find(every_batch), every_batch.size(), "epochs: 100");
  RecordingObserver first(workspace_.path());
  first.checkpoint_after_batches = 2;
  first.cancel_after_batches = 2;
  ASSERT_EQ(*workspace_.Run(text, &first, options), RunOutcome::kCancelled);
  EXPECT_THAT(first.Descriptions(), ElementsAre("checkpoint on request", "last weights"));
  EXPECT_THAT(first.LogText(), HasSubstr("checkpoint after batch 2 of epoch 1"));
  EXPECT_THAT(first.commands_done, ElementsAre(Pair(1, absl::OkStatus())));
  RecordingObserver second(workspace_.path());
  ASSERT_TRUE(workspace_.Run(text, &second, options).ok());
  EXPECT_EQ(second.started[0].resumed_at_batch, 2);
}

TEST_F(ResumeTest, ARequestedCheckpointThatCannotBeWrittenIsAnsweredWithTheError) {
  RecordingObserver observer(workspace_.path());
  observer.checkpoint_after_batches = 2;
  observer.failing_write = 2;  // after the checkpoints of two batches
  EXPECT_FALSE(workspace_.Run(kKurfile, &observer, Options(workspace_)).ok());
  ASSERT_EQ(observer.commands_done.size(), 1U);
  EXPECT_EQ(observer.commands_done[0].second.code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ResumeTest, WhereNothingCanBeWrittenARequestIsAnsweredWithTheReason) {
  const std::string text = kKurfile;
  const size_t begin = text.find("  checkpoint:");
  ASSERT_NE(begin, std::string::npos);
  RecordingObserver observer(workspace_.path());
  observer.checkpoint_after_batches = 2;
  RunOptions options = Options(workspace_);
  options.resume_path.clear();
  ASSERT_TRUE(
      workspace_
          .Run(text.substr(0, begin) + text.substr(text.find("\n", begin) + 1), &observer, options)
          .ok());
  ASSERT_EQ(observer.commands_done.size(), 1U);
  EXPECT_EQ(observer.commands_done[0].second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(observer.commands_done[0].second.message()),
              HasSubstr("the section train has no checkpoint"));
}

TEST_F(ResumeTest, ARequestThatComesWhenNothingIsLeftToTrainIsAnswered) {
  RecordingObserver observer(workspace_.path());
  observer.checkpoint_after_batches = 0;
  std::string text = kKurfile;
  const std::string epochs = "epochs: 3";
  text.replace(text.find(epochs), epochs.size(), "epochs: 0");
  ASSERT_TRUE(workspace_.Run(text, &observer, Options(workspace_)).ok());
  ASSERT_EQ(observer.commands_done.size(), 1U);
  EXPECT_EQ(observer.commands_done[0].second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(observer.commands_done[0].second.message()), HasSubstr("ended"));
}

}  // namespace
}  // namespace kur
