#ifndef KUR_SERVER_SUBMISSION_SUBMISSION_H_
#define KUR_SERVER_SUBMISSION_SUBMISSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kur/v1/kur.pb.h"
#include "server/blobs/blob_store.h"
#include "server/devices/device_inventory.h"
#include "server/protocol/state_layout.h"
#include "server/secrets/secret_vault.h"
#include "server/store/job_store.h"
#include "server/submission/data_policy.h"
#include "server/submission/kurfile_evaluator.h"

namespace kur::server {

// The limits of a submission.
constexpr int kMaxSources = 64;
constexpr int64_t kMaxSourceBytes = int64_t{1} << 20;
constexpr int64_t kMaxAllSourceBytes = int64_t{16} << 20;
constexpr int kMaxInputs = 10'000;
constexpr int kMaxOverrides = 1'000;
constexpr int64_t kMaxInputBytes = int64_t{2} << 20;  // of paths and digests
constexpr int64_t kMaxOverrideBytes = int64_t{64} << 10;
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxRequestIdBytes = 128;
constexpr int kMostRestarts = 1'000'000;

// What a submission is checked against. Everything that is referred to must outlive the calls and
// is safe for concurrent calls.
struct SubmissionContext {
  KurfileEvaluator& evaluator;
  const StateLayout& layout;
  BlobStore& blobs;
  SecretVault& secrets;
  std::vector<Device> devices;
  const DataPolicy& data;
  int max_restarts = kDefaultMaxRestarts;  // of a job that does not say
};

// Returns INVALID_ARGUMENT for a submission over one of the limits above. Quick: reads nothing but
// numbers and sizes. Thread-safe.
absl::Status CheckSubmissionSize(const v1::SubmitJobRequest& request);

// Checks a submission completely, short of running it, and freezes it. Returns INVALID_ARGUMENT
// with diagnostics (see DiagnosticsOf()) for all errors of the Kurfile, INVALID_ARGUMENT without
// diagnostics for an error of the request, FAILED_PRECONDITION with the digests of contents that
// were not uploaded, or the names of secrets that the owner has not. Thread-safe.
absl::StatusOr<NewJob> FreezeSubmission(const SubmissionContext& context, const std::string& owner,
                                        const v1::SubmitJobRequest& request);

// Returns a name for a job of the Kurfile: "My-model-1" for "My model (1).yml".
std::string NameFromKurfile(const std::string& kurfile);

}  // namespace kur::server

#endif  // KUR_SERVER_SUBMISSION_SUBMISSION_H_
