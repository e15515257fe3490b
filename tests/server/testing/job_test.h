#ifndef KUR_TESTS_SERVER_TESTING_JOB_TEST_H_
#define KUR_TESTS_SERVER_TESTING_JOB_TEST_H_

#include <gtest/gtest.h>

#include <string>

#include "tests/server/testing/test_server.h"

namespace kur::server {

constexpr auto kQueued = v1::JOB_STATE_QUEUED;
constexpr auto kStarting = v1::JOB_STATE_STARTING;
constexpr auto kRunning = v1::JOB_STATE_RUNNING;
constexpr auto kSucceeded = v1::JOB_STATE_SUCCEEDED;
constexpr auto kFailed = v1::JOB_STATE_FAILED;
constexpr auto kCancelled = v1::JOB_STATE_CANCELLED;

// Jobs on a server of their own.
class JobTest : public ::testing::Test {
 protected:
  JobManager& jobs() { return *server_.jobs; }

  // Connects the job's worker, which reports that it has started.
  FakeWorker RunningWorker(const std::string& job) {
    FakeWorker worker(server_, job);
    EXPECT_THAT(worker.Connect(), IsOk());
    EXPECT_THAT(worker.Report(FakeWorker::Started()), IsOk());
    return worker;
  }

  static v1::Event ArtifactEvent(const std::string& path, const std::string& content) {
    v1::Event event;
    v1::Artifact& artifact = *event.mutable_artifact_written();
    artifact.set_path(path);
    artifact.set_kind(v1::Artifact::KIND_CHECKPOINT);
    artifact.set_size(static_cast<int64_t>(content.size()));
    artifact.set_sha256(Sha256Hex(content));
    return event;
  }

  TestServer server_;
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_JOB_TEST_H_
