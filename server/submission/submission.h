#ifndef KUR_SERVER_SUBMISSION_SUBMISSION_H_
#define KUR_SERVER_SUBMISSION_SUBMISSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/file_system.h"
#include "kur/v1/kur.pb.h"
#include "server/blobs/blob_store.h"
#include "server/devices/device_inventory.h"
#include "server/protocol/state_layout.h"
#include "server/store/job_store.h"
#include "server/submission/data_policy.h"

namespace kur::server {

// What a submission may hold at most.
constexpr int kMaxSources = 64;
constexpr int64_t kMaxSourceBytes = int64_t{1} << 20;
constexpr int64_t kMaxAllSourceBytes = int64_t{16} << 20;
constexpr int kMaxInputs = 10'000;
constexpr int kMaxOverrides = 1'000;
constexpr int64_t kMaxOverrideBytes = int64_t{64} << 10;
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxRequestIdBytes = 128;

// What a submission is checked against. Everything must outlive the calls; thread-safe.
struct SubmissionContext {
  FileSystem& files;
  const StateLayout& layout;
  const BlobStore& blobs;
  const std::vector<Device>& devices;
  const DataPolicy& data;
};

// Checks a submission as thoroughly as can be without running it, and freezes it. INVALID_ARGUMENT
// with diagnostics (see DiagnosticsOf()) for everything that is wrong in the Kurfile, without for
// the rest of the request; FAILED_PRECONDITION names contents that were not uploaded;
// RESOURCE_EXHAUSTED on a full disk.
absl::StatusOr<NewJob> FreezeSubmission(const SubmissionContext& context, const std::string& owner,
                                        const v1::SubmitJobRequest& request);

// "My model (1).yml" -> "My-model-1": a name for a job made from the Kurfile's.
std::string NameFromKurfile(const std::string& kurfile);

}  // namespace kur::server

#endif  // KUR_SERVER_SUBMISSION_SUBMISSION_H_
