#include "server/api/blobs_service.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/sha256.h"
#include "server/api/unary.h"

namespace kur::server {
namespace {

constexpr int kMaxDigests = 10'000;

// Ends an upload before it has begun. Deletes itself.
class RefusedUpload : public grpc::ServerReadReactor<v1::UploadBlobRequest> {
 public:
  explicit RefusedUpload(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* BlobsService::FindMissingBlobs(grpc::CallbackServerContext* context,
                                                         const v1::FindMissingBlobsRequest* request,
                                                         v1::FindMissingBlobsResponse* response) {
  // Looks at as many files as there are digests.
  return HandleOnPool(
      environment_.pool, context, authenticator_, Action::kUploadBlobs, response,
      [&](const Caller& caller) { return environment_.limits.TakeRequest(caller, *request); },
      [this, request](const Caller& caller) { return FindMissing(caller, *request); });
}

absl::StatusOr<v1::FindMissingBlobsResponse> BlobsService::FindMissing(
    const Caller& caller, const v1::FindMissingBlobsRequest& request) const {
  if (request.sha256_size() > kMaxDigests) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxDigests, " digests, got ", request.sha256_size()));
  }
  v1::FindMissingBlobsResponse response;
  const std::set<std::string> digests(request.sha256().begin(), request.sha256().end());
  for (const std::string& digest : digests) {
    if (!IsSha256Hex(digest)) {
      return absl::InvalidArgumentError("sha256 must be 64 lower-case hexadecimal digits");
    }
    if (environment_.blobs.Use(caller.user, digest)) continue;
    v1::MissingBlob& missing = *response.add_missing();
    missing.set_sha256(digest);
    missing.set_received(environment_.blobs.ReceivedBytes(caller.user, digest));
  }
  return response;
}

grpc::ServerReadReactor<v1::UploadBlobRequest>* BlobsService::UploadBlob(
    grpc::CallbackServerContext* context, v1::UploadBlobResponse*) {
  auto admission = Admission::AdmitStream(*context, authenticator_, Action::kUploadBlobs,
                                          environment_.limits, kFilesOfUpload);
  if (!admission.ok()) return new RefusedUpload(admission.status());
  return UploadReactor::Begin(*std::move(admission), environment_);
}

}  // namespace kur::server
