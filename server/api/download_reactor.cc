#include "server/api/download_reactor.h"

#include <algorithm>
#include <string>

#include "server/api/grpc_status.h"

namespace kur::server {
namespace {

constexpr int64_t kChunkBytes = int64_t{256} << 10;

absl::Status Replaced() {
  return absl::AbortedError("the file was written anew just now; download it again");
}

}  // namespace

DownloadReactor::DownloadReactor(Admission admission, OpenedArtifact opened, int64_t offset)
    : admission_(std::move(admission)),
      opened_(std::move(opened)),
      offset_(offset),
      whole_(offset == 0) {
  *response_.mutable_artifact() = opened_.artifact;
  SendNext();
}

void DownloadReactor::SendNext() {
  const absl::Status confirmed = admission_.Confirm();
  if (!confirmed.ok()) return Finish(ToGrpc(confirmed));
  const int64_t left = opened_.artifact.size() - offset_;
  std::string data(static_cast<size_t>(std::min(left, kChunkBytes)), '\0');
  const auto got = opened_.file->Read(offset_, data.size(), data.data());
  if (!got.ok()) {
    return Finish(ToGrpc(absl::Status(got.status().code(), "cannot read the artifact")));
  }
  if (*got == 0 && left > 0) return Finish(ToGrpc(Replaced()));
  data.resize(*got);
  offset_ += static_cast<int64_t>(*got);
  if (whole_) hash_.Update(data);
  response_.set_data(std::move(data));
  StartWrite(&response_);
}

void DownloadReactor::OnWriteDone(bool ok) {
  if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "cancelled"));
  response_.Clear();
  if (offset_ < opened_.artifact.size()) return SendNext();
  Finish(ToGrpc(Check()));
}

absl::Status DownloadReactor::Check() {
  if (whole_ && hash_.Hex() != opened_.artifact.sha256()) return Replaced();
  return absl::OkStatus();
}

}  // namespace kur::server
