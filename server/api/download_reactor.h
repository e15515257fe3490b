#ifndef KUR_SERVER_API_DOWNLOAD_REACTOR_H_
#define KUR_SERVER_API_DOWNLOAD_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <utility>

#include "engine/base/sha256.h"
#include "kur/v1/kur.pb.h"
#include "server/api/admission.h"
#include "server/jobs/job_manager.h"

namespace kur::server {

// One call of DownloadArtifact: sends an open file from an offset on. A download from the beginning
// is hashed on the way and ends with ABORTED if it was not the content that the first message
// announced. Ends before the next bytes when the caller's token is revoked. gRPC calls it from its
// threads, for one thing at a time. Deletes itself.
class DownloadReactor : public grpc::ServerWriteReactor<v1::DownloadArtifactResponse> {
 public:
  // `offset` is within the artifact.
  DownloadReactor(Admission admission, OpenedArtifact opened, int64_t offset);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  void SendNext();
  absl::Status Check();

  const Admission admission_;
  OpenedArtifact opened_;
  int64_t offset_;
  const bool whole_;
  Sha256 hash_;
  v1::DownloadArtifactResponse response_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_DOWNLOAD_REACTOR_H_
