#include "server/api/download_reactor.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "engine/base/status.h"
#include "server/api/grpc_status.h"

namespace kur::server {
namespace {

constexpr int64_t kChunkBytes = int64_t{256} << 10;

absl::Status Replaced() {
  return absl::AbortedError("the file was written anew just now; download it again");
}

// Up to `size` bytes at `offset`; fewer only at the end of the file.
absl::StatusOr<std::string> ReadAt(int fd, int64_t offset, int64_t size) {
  std::string data(static_cast<size_t>(size), '\0');
  size_t have = 0;
  while (have < data.size()) {
    const ssize_t got =
        pread(fd, &data[have], data.size() - have, offset + static_cast<int64_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoToStatus(errno, "cannot read the artifact");
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  data.resize(have);
  return data;
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
  auto data = ReadAt(opened_.file.get(), offset_, std::min(left, kChunkBytes));
  if (!data.ok()) return Finish(ToGrpc(data.status()));
  if (data->empty() && left > 0) return Finish(ToGrpc(Replaced()));
  offset_ += static_cast<int64_t>(data->size());
  if (whole_) hash_.Update(*data);
  response_.set_data(*std::move(data));
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
