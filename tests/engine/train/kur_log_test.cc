#include "engine/train/kur_log.h"

#include <cmath>

#include "engine/formats/idx.h"
#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;

class KurLogTest : public testing::Test {
 protected:
  std::unique_ptr<KurLog> Open(std::optional<int64_t> rate = std::nullopt, bool keep_batch = true) {
    KurLog::Options options;
    options.rate = rate;
    options.keep_batch = keep_batch;
    options.clock = [this] { return now_; };
    auto log = KurLog::Open(FileSystem::Posix(), path_, options);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }

  std::string Column(const std::string& name) const { return path_ + "/" + name; }

  std::vector<double> Read(const std::string& name) const {
    if (!Exists(Column(name))) return {};
    const auto array = ReadIdx(Column(name));
    EXPECT_TRUE(array.ok()) << array.status();
    return array.ok() ? Values(*array) : std::vector<double>();
  }

  // Trains two batches and ends the epoch.
  static void TrainEpoch(KurLog& log, double loss) {
    ASSERT_TRUE(log.LogBatch(32, {{"labels", loss + 1}}).ok());
    ASSERT_TRUE(log.LogBatch(16, {{"labels", loss}}).ok());
    ASSERT_TRUE(log.LogTraining({{"labels", loss}}).ok());
  }

  TemporaryDirectory dir_;
  std::string path_ = dir_.File("log");
  double now_ = 1000;
};

TEST_F(KurLogTest, WritesAColumnForEachSeries) {
  const auto log = Open();
  ASSERT_TRUE(log->LogBatch(32, {{"labels", 2.5}, {"other", 0.5}}).ok());
  now_ += 2;
  ASSERT_TRUE(log->LogBatch(8, {{"labels", 1.5}, {"other", 0.25}}).ok());
  now_ += 2;
  ASSERT_TRUE(log->LogTraining({{"labels", 2}, {"other", 0.5}}).ok());
  EXPECT_THAT(Read("batch_loss_labels"), ElementsAre(2.5, 1.5));
  EXPECT_THAT(Read("batch_loss_other"), ElementsAre(0.5, 0.25));
  EXPECT_THAT(Read("batch_loss_total"), ElementsAre(3, 1.75));
  EXPECT_THAT(Read("batch_loss_batch"), ElementsAre(1, 2));
  EXPECT_THAT(Read("batch_loss_time"), ElementsAre(0, 2));
  EXPECT_THAT(Read("training_loss_total"), ElementsAre(2.5));
  EXPECT_THAT(Read("training_loss_batch"), ElementsAre(2));
  EXPECT_THAT(Read("training_loss_time"), ElementsAre(4));
  EXPECT_EQ(ReadIdx(Column("batch_loss_batch"))->dtype(), DType::kInt32);
  EXPECT_EQ(ReadIdx(Column("batch_loss_total"))->dtype(), DType::kFloat32);
}

TEST_F(KurLogTest, NamesPartsOfValidationAndEscapesAsKurDoes) {
  const auto log = Open();
  ASSERT_TRUE(log->LogValidation({{"my_out", 1}}, {{"set.a_b", {{"my_out", 2}}}}).ok());
  EXPECT_THAT(Read("validation_loss_my__out"), ElementsAre(1));
  EXPECT_THAT(Read("validation_loss.set..a__b_my__out"), ElementsAre(2));
  ASSERT_TRUE(log->LogValidation({{"../../x", 3}}).ok());
  EXPECT_THAT(Read("validation_loss_..%2F..%2Fx"), ElementsAre(3));
}

TEST_F(KurLogTest, GoesOnWhereTheLastSessionStopped) {
  {
    const auto log = Open();
    log->SetClocks({{"all", 1.5}, {"train", 1.25}});
    TrainEpoch(*log, 0.5);
    now_ += 10;
    TrainEpoch(*log, 0.25);
    ASSERT_TRUE(log->LogValidation({{"labels", 0.75}}).ok());
  }
  now_ = 5;
  const auto log = Open();
  EXPECT_EQ(log->summary().epochs, 2);
  EXPECT_EQ(log->summary().batches, 4);
  EXPECT_EQ(log->summary().samples, 96);
  EXPECT_EQ(log->summary().sessions, 2);
  EXPECT_THAT(log->summary().clocks,
              ElementsAre(Pair("all", DoubleEq(1.5)), Pair("train", DoubleEq(1.25))));
  EXPECT_THAT(log->best_training_loss(), Optional(DoubleEq(0.25)));
  EXPECT_THAT(log->best_validation_loss(), Optional(DoubleEq(0.75)));
  TrainEpoch(*log, 1);
  EXPECT_THAT(Read("training_loss_batch"), ElementsAre(2, 4, 6));
  EXPECT_THAT(Read("training_loss_time"), ElementsAre(0, 10, 10));
}

TEST_F(KurLogTest, BatchesAreWrittenAsOftenAsAsked) {
  auto log = Open();
  ASSERT_TRUE(log->LogBatch(1, {{"x", 1}}).ok());
  EXPECT_THAT(Read("batch_loss_x"), IsEmpty());
  log = Open(0);
  ASSERT_TRUE(log->LogBatch(1, {{"x", 1}}).ok());
  EXPECT_THAT(Read("batch_loss_x"), ElementsAre(1));
  log = Open(60);
  ASSERT_TRUE(log->LogBatch(1, {{"x", 2}}).ok());
  now_ += 59;
  ASSERT_TRUE(log->LogBatch(1, {{"x", 3}}).ok());
  EXPECT_THAT(Read("batch_loss_x"), ElementsAre(1));
  now_ += 1;
  ASSERT_TRUE(log->LogBatch(1, {{"x", 4}}).ok());
  EXPECT_THAT(Read("batch_loss_x"), ElementsAre(1, 2, 3, 4));
}

TEST_F(KurLogTest, BatchesNeedNotBeKept) {
  const auto log = Open(0, /*keep_batch=*/false);
  TrainEpoch(*log, 1);
  EXPECT_FALSE(Exists(Column("batch_loss_labels")));
  EXPECT_THAT(Read("training_loss_batch"), ElementsAre(2));
  EXPECT_EQ(log->summary().samples, 48);
}

TEST_F(KurLogTest, WritesTheSummaryThatKurReads) {
  const auto log = Open();
  log->SetClocks({{"all", 2}});
  TrainEpoch(*log, 1);
  const std::string summary = ReadFile(Column("summary.yml"));
  EXPECT_THAT(summary, HasSubstr("batches: 2\nclocks:\n  \"all\": 2.0\n"));
  EXPECT_THAT(summary, HasSubstr("epochs: 1\nsamples: 48\nsessions: 1\nversion: 3\n"));
}

TEST_F(KurLogTest, ContinuesALogOfKursOwn) {
  std::filesystem::copy(FixturePath("kur_log"), path_);
  const auto log = Open();
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(log->summary().epochs, 2);
  EXPECT_EQ(log->summary().batches, 6);
  EXPECT_EQ(log->summary().samples, 192);
  EXPECT_EQ(log->summary().sessions, 2);
  EXPECT_THAT(log->best_training_loss(), Optional(DoubleEq(1.25)));
  EXPECT_THAT(log->best_validation_loss(), Optional(DoubleEq(1.125)));
  ASSERT_TRUE(log->LogTraining({{"my_output", 0.5}, {"other", 0.25}}).ok());
  EXPECT_THAT(Read("training_loss_my__output"), ElementsAre(2, 1, 0.5));
  EXPECT_THAT(Read("training_loss_total"), ElementsAre(2.25, 1.25, 0.75));
  EXPECT_THAT(Read("training_loss_batch"), ElementsAre(3, 6, 6));
}

TEST_F(KurLogTest, ALogWithoutASummaryCountsItsEpochs) {
  std::filesystem::copy(FixturePath("kur_log"), path_);
  std::filesystem::remove(Column("summary.yml"));
  EXPECT_EQ(Open()->summary().epochs, 2);
}

// A crash may leave some columns of a flush longer than others, bytes of half a row, or a column
// that is all new. The rows that the summary counts are there afterwards, and no others.
TEST_F(KurLogTest, DropsWhatACrashLeftHalfWritten) {
  TrainEpoch(*Open(), 1);
  const auto row = Array::FromValues<float>({1}, {9});
  ASSERT_TRUE(AppendIdx(Column("batch_loss_labels"), *row).ok());
  dir_.Write("log/training_loss_total", ReadFile(Column("training_loss_total")) + "ab");
  dir_.Write("log/batch_loss_new", "\0");
  ASSERT_NE(Open(), nullptr);
  EXPECT_THAT(Read("batch_loss_labels"), ElementsAre(2, 1));
  EXPECT_THAT(Read("training_loss_total"), ElementsAre(1));
  EXPECT_FALSE(Exists(Column("batch_loss_new")));
}

// Kur counts new rows before it writes them, so a crash leaves a count that is too high.
TEST_F(KurLogTest, RepairsAColumnThatCountsMoreThanItHolds) {
  std::filesystem::copy(FixturePath("kur_log"), path_);
  const std::string column = ReadFile(Column("batch_loss_total"));
  for (size_t cut = 1; cut <= 24; ++cut) {
    dir_.Write("log/batch_loss_total", column.substr(0, column.size() - cut));
    ASSERT_NE(Open(), nullptr);
    EXPECT_EQ(Read("batch_loss_total").size(), (24 - cut) / 4);
  }
}

TEST_F(KurLogTest, PassesOverLossesThatAreNoNumbers) {
  {
    const auto log = Open();
    TrainEpoch(*log, NAN);
    TrainEpoch(*log, 3);
    TrainEpoch(*log, NAN);
  }
  EXPECT_THAT(Open()->best_training_loss(), Optional(DoubleEq(3)));
}

TEST_F(KurLogTest, SaysWhatIsWrongWithADirectoryThatIsNoLog) {
  dir_.Write("log", "a file");
  const auto open = [this] { return KurLog::Open(FileSystem::Posix(), path_, {}); };
  EXPECT_THAT(open(), FailsWith(absl::StatusCode::kInvalidArgument, "a log is a directory"));
  std::filesystem::remove(path_);
  for (const char* summary : {"[1, 2]", "epochs: many\n", "a: b: c", "clocks: 3\n"}) {
    dir_.Write("log/summary.yml", summary);
    EXPECT_THAT(open(), FailsWith(absl::StatusCode::kDataLoss, "summary.yml")) << summary;
  }
  for (const char* summary :
       {"epochs: -1\n", "sessions: 9223372036854775807\n", "columns: {batch_loss_total: -5}\n"}) {
    dir_.Write("log/summary.yml", summary);
    EXPECT_THAT(open(), FailsWith(absl::StatusCode::kDataLoss, "counts from 0 up")) << summary;
  }
  std::filesystem::remove(Column("summary.yml"));
  dir_.Write("log/training_loss_total", "junk");
  EXPECT_THAT(open(), FailsWith(absl::StatusCode::kDataLoss, "training_loss_total: at offset 0"));
}

}  // namespace
}  // namespace kur
