#include "server/api/upload_reactor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "server/api/grpc_status.h"

namespace kur::server {
namespace {

// One message of every upload is in memory.
absl::Status CheckIsSmall(const v1::UploadBlobRequest& message) {
  constexpr size_t kMaxBytes = 256 << 10;
  constexpr size_t kMaxOtherBytes = 1 << 10;
  if (message.data().size() <= kMaxBytes && message.ByteSizeLong() <= kMaxBytes + kMaxOtherBytes) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("a message of an upload has at most ", kMaxBytes,
                                                 " bytes of data, got ", message.data().size(),
                                                 "; send the content in more pieces"));
}

}  // namespace

grpc::ServerReadReactor<v1::UploadBlobRequest>* UploadReactor::Begin(
    Admission admission, const UploadEnvironment& environment) {
  std::shared_ptr<UploadReactor> upload(new UploadReactor(std::move(admission), environment));
  upload->self_ = upload;
  upload->admission_.Tell(upload);
  upload->ReadOn();
  return upload.get();
}

void UploadReactor::OnTokensReplaced() {
  absl::MutexLock lock(&mutex_);
  // Who pauses asks when the pause ends.
  if (!reading_ && pause_ != nullptr) pause_->Cancel();
  // What is being done with a message ends, or asks itself before it reads on.
  if (!reading_ || ended_) return;
  const absl::Status confirmed = admission_.Confirm();
  if (confirmed.ok()) return;
  ended_ = true;
  Finish(ToGrpc(confirmed));
}

void UploadReactor::OnReadDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    if (ended_) return;
  }
  if (ok) {
    const absl::Status small = CheckIsSmall(request_);
    if (!small.ok()) return End(small);
    if (upload_ != nullptr) return WriteAndReadOn();
    // Continuing an upload reads what is there already.
    return OnPool([this] {
      const absl::Status begun = BeginUpload();
      if (begun.ok()) return WriteAndReadOn();
      End(absl::IsAlreadyExists(begun) ? absl::OkStatus() : begun);
    });
  }
  if (upload_ == nullptr) {
    return End(absl::InvalidArgumentError("the upload has no first message"));
  }
  OnPool([this] { End(upload_->Finish()); });
}

void UploadReactor::OnPool(std::function<void()> task) {
  // Keeps this until the task has returned: the call may be done, and forget this, before.
  auto kept = [self = shared_from_this(), task = std::move(task)] { task(); };
  if (environment_.pool.TryAdd(admission_.caller().user, std::move(kept))) return;
  End(absl::ResourceExhaustedError(
      "kurd has as many uploads to check as it can take; try again in a moment"));
}

absl::Status UploadReactor::BeginUpload() {
  KUR_ASSIGN_OR_RETURN(upload_,
                       environment_.blobs.BeginUpload(admission_.caller().user, request_.sha256(),
                                                      request_.size(), request_.offset()));
  return absl::OkStatus();
}

void UploadReactor::WriteAndReadOn() {
  const absl::Status written = upload_->Write(request_.data());
  if (!written.ok()) return End(written);
  const auto bytes = static_cast<int64_t>(request_.data().size());
  environment_.metrics.CountUploadedBytes(bytes);
  request_.Clear();
  const absl::Duration pause =
      environment_.limits.upload_rate().Add(admission_.caller().user, bytes);
  if (pause == absl::ZeroDuration()) return ReadOn();
  ReadOnAfter(pause);
}

void UploadReactor::ReadOnAfter(absl::Duration pause) {
  absl::MutexLock lock(&mutex_);
  pause_ = std::make_unique<grpc::Alarm>();
  // The alarm calls from a thread of its own, where this is kept as in OnPool().
  pause_->Set(DeadlineAfter(cancelled_ ? absl::ZeroDuration() : pause), [this](bool) {
    const auto self = shared_from_this();
    ReadOn();
  });
}

void UploadReactor::OnCancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  if (pause_ != nullptr) pause_->Cancel();
}

void UploadReactor::ReadOn() {
  absl::Status confirmed;
  {
    absl::MutexLock lock(&mutex_);
    // Under the lock, so that tokens that are replaced from now on find it reading.
    confirmed = admission_.Confirm();
    reading_ = confirmed.ok();
    if (reading_) return StartRead(&request_);
  }
  End(confirmed);
}

void UploadReactor::End(absl::Status status) {
  // A file that kurd itself may not write is no matter of the caller's rights.
  if (absl::IsPermissionDenied(status)) status = absl::InternalError(status.message());
  // Before the reply, so that the content is nobody's upload any more when the client has it.
  upload_.reset();
  absl::MutexLock lock(&mutex_);
  ended_ = true;
  Finish(ToGrpc(status));
}

}  // namespace kur::server
