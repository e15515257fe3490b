#include "server/api/upload_reactor.h"

#include <utility>

#include "engine/base/status.h"
#include "server/api/grpc_status.h"

namespace kur::server {

UploadReactor::UploadReactor(std::string owner, BlobStore& blobs, TaskPool& pool, Metrics& metrics)
    : owner_(std::move(owner)), blobs_(blobs), pool_(pool), metrics_(metrics) {
  StartRead(&request_);
}

void UploadReactor::OnReadDone(bool ok) {
  if (ok && upload_ != nullptr) return WriteAndReadOn();
  if (ok) {
    // Continuing an upload reads what is there already.
    return OnPool([this] {
      const absl::Status begun = Begin();
      if (begun.ok()) return WriteAndReadOn();
      Finish(absl::IsAlreadyExists(begun) ? grpc::Status::OK : ToGrpc(begun));
    });
  }
  if (upload_ == nullptr) {
    return Finish(ToGrpc(absl::InvalidArgumentError("the upload has no first message")));
  }
  OnPool([this] {
    const absl::Status finished = upload_->Finish();
    // Before the reply, so that the content is nobody's upload any more when the client has it.
    upload_.reset();
    Finish(ToGrpc(finished));
  });
}

void UploadReactor::OnPool(std::function<void()> task) {
  if (pool_.TryAdd(std::move(task))) return;
  upload_.reset();
  Finish(ToGrpc(absl::ResourceExhaustedError(
      "kurd has as many uploads to check as it can take; try again in a moment")));
}

absl::Status UploadReactor::Begin() {
  KUR_ASSIGN_OR_RETURN(
      upload_, blobs_.BeginUpload(owner_, request_.sha256(), request_.size(), request_.offset()));
  return absl::OkStatus();
}

void UploadReactor::WriteAndReadOn() {
  const absl::Status written = upload_->Write(request_.data());
  if (!written.ok()) {
    upload_.reset();
    return Finish(ToGrpc(written));
  }
  metrics_.CountUploadedBytes(static_cast<int64_t>(request_.data().size()));
  request_.Clear();
  StartRead(&request_);
}

}  // namespace kur::server
