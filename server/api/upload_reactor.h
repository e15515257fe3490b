#ifndef KUR_SERVER_API_UPLOAD_REACTOR_H_
#define KUR_SERVER_API_UPLOAD_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "kur/v1/kur.pb.h"
#include "server/blobs/blob_store.h"
#include "server/metrics/metrics.h"
#include "server/net/task_pool.h"

namespace kur::server {

// One call of UploadBlob. gRPC calls it from its threads, for one thing at a time. Deletes itself.
class UploadReactor : public grpc::ServerReadReactor<v1::UploadBlobRequest> {
 public:
  // Uploads a content of `owner`. Everything else must outlive the call.
  UploadReactor(std::string owner, BlobStore& blobs, TaskPool& pool, Metrics& metrics);

  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  // Runs the task, which ends or continues the call, on the pool; ends the call if that is full.
  void OnPool(std::function<void()> task);
  absl::Status Begin();
  void WriteAndReadOn();

  const std::string owner_;
  BlobStore& blobs_;
  TaskPool& pool_;
  Metrics& metrics_;
  v1::UploadBlobRequest request_;
  std::unique_ptr<BlobUpload> upload_;  // null before the first message
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_UPLOAD_REACTOR_H_
