#ifndef KUR_TESTS_FUZZ_SUBMISSION_ENVIRONMENT_H_
#define KUR_TESTS_FUZZ_SUBMISSION_ENVIRONMENT_H_

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/path_resolver.h"
#include "engine/base/sha256.h"
#include "server/secrets/secret_vault.h"
#include "server/store/secret_store.h"
#include "server/store/state_database.h"
#include "server/submission/submission.h"
#include "tests/fuzz/fuzzing.h"

namespace kur::server {

// A state directory in which ann has uploaded one content, and three devices. Used by one thread.
class SubmissionEnvironment {
 public:
  SubmissionEnvironment() {
    spdlog::set_level(spdlog::level::off);
    for (const char* name : {"cpu0", "cpu1", "cuda0"}) {
      Device device;
      device.name = name;
      if (device.name == "cuda0") device.kind = Device::Kind::kCuda;
      devices_.push_back(device);
    }
    const std::string content = kContent;
    auto upload = blobs_->BeginUpload(kOwner, Sha256Hex(content), kContentBytes, 0);
    fuzz::Require(upload.ok() && (*upload)->Write(content).ok() && (*upload)->Finish().ok());
  }

  absl::StatusOr<NewJob> Freeze(KurfileEvaluator& evaluator, const v1::SubmitJobRequest& request) {
    return FreezeSubmission({evaluator, layout_, *blobs_, *secrets_, devices_, data_}, kOwner,
                            request);
  }

  static constexpr char kOwner[] = "ann";
  static constexpr char kContent[] = "data";
  static constexpr int64_t kContentBytes = 4;

 private:
  const TemporaryDirectory directory_;
  const StateLayout layout_{directory_.path()};
  const std::unique_ptr<BlobStore> blobs_ =
      BlobStore::Open(FileSystem::Posix(), layout_.blobs()).value();
  const std::unique_ptr<StateDatabase> database_ = StateDatabase::Open(layout_.database()).value();
  SecretStore secret_store_{*database_};
  const std::unique_ptr<SecretVault> secrets_ = SecretVault::Open(secret_store_, {}).value();
  std::vector<Device> devices_;
  const DataPolicy data_ = {{"/usr/share"}, false, {}};
};

// Requires of a job that was accepted what everyone relies on later.
inline void RequireFrozen(const NewJob& job) {
  using fuzz::Require;
  const auto is_normalized = [](const std::string& path) {
    return NormalizeInputPath(path).value() == path;
  };
  FrozenJob read;
  Require(read.ParseFromString(job.frozen.SerializeAsString()));
  Require(job.frozen.secret().size() == 32 && v1::Mode_IsValid(job.frozen.mode()));
  Require(!job.base_name.empty() && job.base_name.size() <= kMaxNameBytes);
  Require(!job.project.empty() && job.project.size() <= kMaxNameBytes);
  Require(job.project.find('/') == std::string::npos && job.project != "..");
  Require(job.sources.size() <= static_cast<size_t>(kMaxSources));
  Require(job.frozen.inputs_size() <= kMaxInputs && job.frozen.overrides_size() <= kMaxOverrides);
  const int devices = job.frozen.devices().count();
  Require(job.frozen.mode() == v1::MODE_INSPECT ? devices == 0 : devices >= 1 && devices <= 2);
  Require(job.frozen.max_restarts() >= 0 && job.frozen.max_restarts() <= kMostRestarts);
  for (const v1::SourceFile& source : job.sources) {
    Require(NormalizeRelativePath(source.path()).value() == source.path());
  }
  for (const v1::Input& input : job.frozen.inputs()) Require(is_normalized(input.path()));
  const auto& writes = job.frozen.writes();
  Require(std::is_sorted(writes.begin(), writes.end()));
  for (const std::string& path : writes) Require(is_normalized(path));
}

}  // namespace kur::server

#endif  // KUR_TESTS_FUZZ_SUBMISSION_ENVIRONMENT_H_
