#ifndef KUR_SERVER_API_BLOBS_SERVICE_H_
#define KUR_SERVER_API_BLOBS_SERVICE_H_

#include "kur/v1/kur.grpc.pb.h"
#include "server/api/call_limits.h"
#include "server/api/upload_reactor.h"
#include "server/auth/authenticator.h"
#include "server/blobs/blob_store.h"
#include "server/metrics/metrics.h"
#include "server/net/task_pool.h"

namespace kur::server {

// kur.v1.Blobs. Thread-safe.
class BlobsService final : public v1::Blobs::CallbackService {
 public:
  // Everything must outlive the server.
  BlobsService(BlobStore& blobs, const Authenticator& authenticator, TaskPool& pool,
               CallLimits& limits, Metrics& metrics)
      : environment_{blobs, pool, limits, metrics}, authenticator_(authenticator) {}

  grpc::ServerUnaryReactor* FindMissingBlobs(grpc::CallbackServerContext* context,
                                             const v1::FindMissingBlobsRequest* request,
                                             v1::FindMissingBlobsResponse* response) override;
  grpc::ServerReadReactor<v1::UploadBlobRequest>* UploadBlob(
      grpc::CallbackServerContext* context, v1::UploadBlobResponse* response) override;

 private:
  absl::StatusOr<v1::FindMissingBlobsResponse> FindMissing(
      const Caller& caller, const v1::FindMissingBlobsRequest& request) const;

  const UploadEnvironment environment_;
  const Authenticator& authenticator_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_BLOBS_SERVICE_H_
