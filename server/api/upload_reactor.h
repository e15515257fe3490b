#ifndef KUR_SERVER_API_UPLOAD_REACTOR_H_
#define KUR_SERVER_API_UPLOAD_REACTOR_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "kur/v1/kur.pb.h"
#include "server/api/admission.h"
#include "server/api/call_limits.h"
#include "server/blobs/blob_store.h"
#include "server/metrics/metrics.h"
#include "server/net/task_pool.h"

namespace kur::server {

// What uploads work with. Everything must outlive them.
struct UploadEnvironment {
  BlobStore& blobs;
  TaskPool& pool;
  CallLimits& limits;
  Metrics& metrics;
};

// One call of UploadBlob. Reads no faster than the caller may send, and ends when his token is
// revoked. Belongs to gRPC and to itself until OnDone(), and to what the pool or an alarm does for
// it. Thread-safe: messages arrive on threads of gRPC, for one thing at a time, tokens are replaced
// on any.
class UploadReactor : public grpc::ServerReadReactor<v1::UploadBlobRequest>,
                      public TokenListener,
                      public std::enable_shared_from_this<UploadReactor> {
 public:
  static grpc::ServerReadReactor<v1::UploadBlobRequest>* Begin(
      Admission admission, const UploadEnvironment& environment);

  void OnTokensReplaced() override;
  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { self_.reset(); }

 private:
  UploadReactor(Admission admission, const UploadEnvironment& environment)
      : admission_(std::move(admission)), environment_(environment) {}

  // Runs the task, which ends or continues the call, on the pool; ends the call if that is full.
  void OnPool(std::function<void()> task);
  absl::Status BeginUpload();
  void WriteAndReadOn();
  void ReadOn();
  // As ReadOn(), after a pause, which ends when the call is cancelled.
  void ReadOnAfter(absl::Duration pause);
  void End(absl::Status status);

  const Admission admission_;
  const UploadEnvironment environment_;
  std::shared_ptr<UploadReactor> self_;  // until OnDone()
  // Touched by reads and by what they have the pool do, one after the other.
  v1::UploadBlobRequest request_;
  std::unique_ptr<BlobUpload> upload_;  // null before the first message

  absl::Mutex mutex_;
  std::unique_ptr<grpc::Alarm> pause_ ABSL_GUARDED_BY(mutex_);  // null before the first
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_UPLOAD_REACTOR_H_
