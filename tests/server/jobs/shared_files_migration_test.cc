#include "server/jobs/shared_files_migration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/server/testing/job_test.h"
#include "tests/testing/failing_file_system.h"

namespace kur::server {
namespace {

namespace fs = std::filesystem;

class SharedFilesMigrationTest : public JobTest {
 protected:
  // Puts a content where earlier versions kept those of all users.
  void WriteShared(const std::string& content) {
    server_.directory.Write("blobs/" + SharedPath(content), content);
  }
  static std::string SharedPath(const std::string& content) {
    const std::string digest = Sha256Hex(content);
    return absl::StrCat("sha256/", digest.substr(0, 2), "/", digest);
  }
  bool IsShared(const std::string& content) const {
    return fs::exists(server_.directory.File("blobs/" + SharedPath(content)));
  }

  // Makes the state directory what an earlier version has left: nobody has a content of his own.
  void StopAsAnEarlierVersion() {
    server_.Crash();
    fs::remove_all(server_.layout.blobs());
    WriteShared(TestServer::kData);
  }

  std::string ReadAs(const std::string& user) {
    return server_.files.Read(server_.blobs->PathOf(user, Sha256Hex(TestServer::kData)), 1 << 20)
        .value_or("(missing)");
  }

  absl::Status MigrateWith(FileSystem& files) {
    JobEnvironment environment;
    environment.files = &files;
    environment.layout = &server_.layout;
    environment.store = server_.store.get();
    environment.blobs = server_.blobs.get();
    return MigrateSharedFiles(environment);
  }
};

TEST_F(SharedFilesMigrationTest, AContentGoesToEveryUserOfWhoseJobsOneNamesIt) {
  const std::string anns = server_.Submit("r1", "ann");
  server_.EndWorker(anns, kSucceeded);
  const std::string bobs = server_.Submit("r2", "bob");
  server_.EndWorker(bobs, kSucceeded);
  StopAsAnEarlierVersion();
  server_.Start();
  EXPECT_EQ(ReadAs("ann"), TestServer::kData);
  EXPECT_EQ(ReadAs("bob"), TestServer::kData);
  EXPECT_EQ(ReadAs("carl"), "(missing)");
  EXPECT_FALSE(fs::exists(server_.layout.blobs() + "/sha256"));
}

TEST_F(SharedFilesMigrationTest, WhatNoJobNamesIsRemovedWithUnfinishedUploads) {
  server_.Submit("r1", "ann");
  StopAsAnEarlierVersion();
  WriteShared("nobody's");
  server_.directory.Write("blobs/partial/" + Sha256Hex("half"), "ha");
  server_.Start();
  EXPECT_FALSE(IsShared("nobody's"));
  EXPECT_FALSE(fs::exists(server_.layout.blobs() + "/partial"));
}

TEST_F(SharedFilesMigrationTest, WhatARunningWorkerUsesStaysUntilItHasEnded) {
  const std::string job = server_.Submit("r1", "ann");
  RunningWorker(job);
  StopAsAnEarlierVersion();
  const std::string download = "downloads/" + Sha256Hex("a download");
  server_.directory.Write(download, "a download");
  server_.Start();
  EXPECT_TRUE(IsShared(TestServer::kData));
  EXPECT_EQ(ReadAs("ann"), TestServer::kData);
  EXPECT_EQ(server_.directory.Read(download), "a download");

  server_.EndWorker(job, kSucceeded);
  server_.Restart();
  EXPECT_FALSE(IsShared(TestServer::kData));
  EXPECT_EQ(server_.directory.Read(download), "(missing)");
  EXPECT_EQ(ReadAs("ann"), TestServer::kData);
}

TEST_F(SharedFilesMigrationTest, UsersWhoAreCalledAsWhatWasThereKeepWhatIsTheirs) {
  StopAsAnEarlierVersion();
  const std::string half = Sha256Hex("half");
  for (const std::string user : {"sha256", "partial"}) {
    server_.directory.Write(absl::StrCat("blobs/", user, "/", SharedPath(TestServer::kData)),
                            TestServer::kData);
    server_.directory.Write(absl::StrCat("blobs/", user, "/partial/", half), "ha");
  }
  const std::string download = absl::StrCat("downloads/", half, "/", half);
  server_.directory.Write(download, "downloaded");
  server_.Start();
  EXPECT_FALSE(IsShared(TestServer::kData));
  for (const std::string user : {"sha256", "partial"}) {
    EXPECT_EQ(ReadAs(user), TestServer::kData);
    EXPECT_EQ(server_.blobs->ReceivedBytes(user, half), 2);
  }
  EXPECT_EQ(server_.directory.Read(download), "downloaded");
}

TEST_F(SharedFilesMigrationTest, ADamagedJobMayNameWhatOthersDoNot) {
  const std::string job = server_.Submit("r1", "ann");
  server_.EndWorker(job, kSucceeded);
  ASSERT_THAT(server_.database->Write([](SqlDatabase& database) {
    return database.Execute("UPDATE jobs SET frozen = x'ff'");
  }),
              IsOk());
  StopAsAnEarlierVersion();
  server_.Start();
  EXPECT_TRUE(IsShared(TestServer::kData));
}

// Whatever fails, and wherever it is interrupted: nothing is lost, and repeating it completes it.
TEST_F(SharedFilesMigrationTest, AnInterruptedMigrationLosesNothingAndIsCompletedByTheNext) {
  server_.EndWorker(server_.Submit("r1", "ann"), kSucceeded);
  server_.EndWorker(server_.Submit("r2", "bob"), kSucceeded);
  for (int failing = 0;; ++failing) {
    fs::remove_all(server_.layout.blobs());
    WriteShared(TestServer::kData);
    testing::FailingFileSystem files(failing);
    const absl::Status interrupted = MigrateWith(files);
    if (interrupted.ok()) {
      EXPECT_GT(failing, 2);
      break;
    }
    EXPECT_TRUE(IsShared(TestServer::kData)) << "after call " << failing;
    EXPECT_THAT(MigrateWith(server_.files), IsOk());
    EXPECT_EQ(ReadAs("ann"), TestServer::kData);
    EXPECT_EQ(ReadAs("bob"), TestServer::kData);
    EXPECT_FALSE(IsShared(TestServer::kData));
  }
}

}  // namespace
}  // namespace kur::server
