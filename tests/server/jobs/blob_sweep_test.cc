#include "server/jobs/blob_sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/server/testing/job_test.h"

namespace kur::server {
namespace {

namespace fs = std::filesystem;

class BlobSweepTest : public JobTest {
 protected:
  static constexpr char kUnnamed[] = "what no job names";

  BlobSweepTest() { server_.Upload(kUnnamed); }

  // Makes all uploads eight days older, for a kurd that starts after that.
  void RestartAfterEightDays() {
    server_.Crash();
    for (const auto& entry : fs::recursive_directory_iterator(server_.layout.blobs())) {
      if (entry.is_regular_file()) {
        fs::last_write_time(entry, entry.last_write_time() - std::chrono::hours(8 * 24));
      }
    }
    server_.Start();
  }

  absl::Status Sweep() {
    JobEnvironment environment;
    environment.store = server_.store.get();
    environment.blobs = server_.blobs.get();
    return SweepBlobs(environment);
  }

  bool Has(const std::string& content) {
    return server_.files.Exists(server_.blobs->PathOf("ann", Sha256Hex(content)));
  }
};

TEST_F(BlobSweepTest, OnlyWhatNoJobNamesGoesWhateverBecomesOfTheJob) {
  const std::string job = server_.Submit("r1");
  RestartAfterEightDays();
  ASSERT_THAT(Sweep(), IsOk());
  EXPECT_TRUE(Has(TestServer::kData));
  EXPECT_FALSE(Has(kUnnamed));
  server_.EndWorker(job, kFailed);
  RestartAfterEightDays();
  ASSERT_THAT(Sweep(), IsOk());
  EXPECT_TRUE(Has(TestServer::kData));
}

TEST_F(BlobSweepTest, ASubmissionKeepsWhatItHasFound) {
  constexpr int kDay = 24 * 60 * 60;
  server_.seconds_passed = 6 * kDay;
  v1::SubmitJobRequest request = TestServer::Request("r1");
  request.set_validate_only(true);
  ASSERT_THAT(jobs().Submit({"ann"}, request), IsOk());
  server_.seconds_passed = 8 * kDay;
  ASSERT_THAT(Sweep(), IsOk());
  EXPECT_TRUE(Has(TestServer::kData));
  EXPECT_FALSE(Has(kUnnamed));
}

TEST_F(BlobSweepTest, WhileAJobIsDamagedNothingGoes) {
  server_.EndWorker(server_.Submit("r1"), kSucceeded);
  ASSERT_THAT(server_.database->Write([](SqlDatabase& database) {
    return database.Execute("UPDATE jobs SET frozen = x'ff'");
  }),
              IsOk());
  RestartAfterEightDays();
  EXPECT_THAT(Sweep(), FailsWith(absl::StatusCode::kDataLoss, "cifar-1"));
  EXPECT_TRUE(Has(TestServer::kData));
  EXPECT_TRUE(Has(kUnnamed));
}

TEST_F(BlobSweepTest, OneFileThatCannotBeRemovedKeepsNoOther) {
  const std::vector<std::string> contents = {kUnnamed, "a second", "a third"};
  for (size_t i = 1; i < contents.size(); ++i) server_.Upload(contents[i]);
  server_.files.untouchable =
      std::min({Sha256Hex(kUnnamed), Sha256Hex("a second"), Sha256Hex("a third")});
  server_.seconds_passed = 8 * 24 * 60 * 60;
  EXPECT_THAT(Sweep(), FailsWith(absl::StatusCode::kPermissionDenied, "busy"));
  for (const std::string& content : contents) {
    EXPECT_EQ(Has(content), Sha256Hex(content) == server_.files.untouchable) << content;
  }
}

TEST_F(BlobSweepTest, TheServerSweepsByItself) {
  RestartAfterEightDays();
  while (Has(kUnnamed)) absl::SleepFor(absl::Milliseconds(1));
}

}  // namespace
}  // namespace kur::server
