#ifndef KUR_TESTS_SERVER_LAUNCHER_LAUNCHER_FIXTURE_H_
#define KUR_TESTS_SERVER_LAUNCHER_LAUNCHER_FIXTURE_H_

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "server/launcher/process.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {

// Collects what a launcher reports of workers that ended.
class Exits {
 public:
  Launcher::ExitCallback Callback() {
    return [this](const std::string& job, const WorkerExit& exit) {
      const absl::MutexLock lock(&mutex_);
      exits_.emplace(job, exit);
    };
  }

  // Waits for the job's worker to end.
  WorkerExit Await(const std::string& job) {
    const absl::MutexLock lock(&mutex_);
    const auto ended = [this, &job] { return exits_.count(job) > 0; };
    mutex_.Await(absl::Condition(&ended));
    return exits_.find(job)->second;
  }

  // How many ends of the job's workers were reported.
  size_t Count(const std::string& job) {
    const absl::MutexLock lock(&mutex_);
    return exits_.count(job);
  }

 private:
  absl::Mutex mutex_;
  std::multimap<std::string, WorkerExit> exits_;
};

// Launches shell scripts as workers in a directory that goes away with the test, as do the workers.
class LauncherFixture : public testing::Test {
 protected:
  ~LauncherFixture() override {
    launcher_.reset();
    for (const auto& [job, pid] : running_) {
      if (exits_.Count(job) > 0) continue;
      kill(-pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

  static Device Cpu(std::vector<int> processors = {}) {
    Device device;
    device.name = "cpu0";
    device.threads = static_cast<int>(processors.size());
    device.processors = std::move(processors);
    return device;
  }

  // Writes a worker and makes the launcher that launches it. The script runs in its run directory.
  std::string MakeWorker(const std::string& script) {
    const std::string worker = directory_.File("worker");
    std::ofstream(worker) << "#!/bin/sh\n" << script << "\n";
    chmod(worker.c_str(), 0755);
    return worker;
  }

  void UseWorker(const std::string& script) { launcher_ = MakeLocalLauncher(MakeWorker(script)); }

  // The run directory of a job, with a pipe through which its worker says that it is ready.
  std::string RunDirectory(const std::string& job) {
    const std::string run = directory_.File(job);
    if (mkdir(run.c_str(), 0755) == 0) mkfifo((run + "/ready").c_str(), 0644);
    return run;
  }

  absl::StatusOr<ProcessIdentity> TryLaunch(const std::string& job, Device device = Cpu()) {
    const auto worker = launcher_->Launch({job, RunDirectory(job), {device}}, exits_.Callback());
    if (!worker.ok()) return worker.status();
    running_[job] = static_cast<pid_t>(launcher_->ProcessId(*worker));
    return ParseHandle(*worker);
  }

  ProcessIdentity Launch(const std::string& job, Device device = Cpu()) {
    const auto identity = TryLaunch(job, std::move(device));
    EXPECT_TRUE(identity.ok()) << identity.status();
    return identity.value_or(ProcessIdentity());
  }

  // Adopts a worker that must be there.
  void Adopt(const std::string& job, const ProcessIdentity& identity, Exits& exits) {
    const auto gone =
        launcher_->Adopt(job, directory_.File(job), ToHandle(identity), exits.Callback());
    ASSERT_TRUE(gone.ok()) << gone.status();
    EXPECT_FALSE(gone->has_value());
  }

  // Adopts a worker that must be gone. Returns how it ended.
  WorkerExit AdoptGone(const std::string& job, const ProcessIdentity& identity) {
    const auto gone =
        launcher_->Adopt(job, directory_.File(job), ToHandle(identity), exits_.Callback());
    EXPECT_TRUE(gone.ok()) << gone.status();
    EXPECT_TRUE(gone.ok() && gone->has_value()) << "the worker is there";
    return gone.ok() ? gone->value_or(WorkerExit()) : WorkerExit();
  }

  // Launches and waits for the end.
  WorkerExit Run(const std::string& job, Device device = Cpu()) {
    if (Launch(job, std::move(device)).pid == 0) return WorkerExit();
    return exits_.Await(job);
  }

  std::string Content(const std::string& job, const std::string& file) {
    std::ifstream in(directory_.File(job + "/" + file));
    std::stringstream content;
    content << in.rdbuf();
    return content.str();
  }

  // Waits for the worker to write a line into its pipe, and returns it.
  std::string AwaitReady(const std::string& job) {
    std::ifstream in(directory_.File(job + "/ready"));
    std::string line;
    std::getline(in, line);
    return line;
  }

  const TemporaryDirectory directory_;
  Exits exits_;
  std::map<std::string, pid_t> running_;
  std::unique_ptr<Launcher> launcher_;
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_LAUNCHER_LAUNCHER_FIXTURE_H_
