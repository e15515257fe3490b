#include "client/transfer/downloader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/backoff.h"
#include "client/exit_code.h"
#include "client/stream_reader.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(100);
// Limits the downloads of a path that is rewritten faster than it can be downloaded.
constexpr int kMaxRestarts = 20;

bool HasContent(const std::string& target, const v1::Artifact& artifact) {
  const auto size = FileSize(target);
  if (!size.ok() || *size != artifact.size()) return false;
  const auto digest = Sha256OfFile(target);
  return digest.ok() && *digest == artifact.sha256();
}

}  // namespace

absl::StatusOr<v1::Artifact> Downloader::Download(const std::string& job,
                                                  const v1::Artifact& artifact,
                                                  const std::string& target) {
  if (HasContent(target, artifact)) return artifact;
  KUR_RETURN_IF_ERROR(FileSystem::Posix().MakeDirectories(DirectoryOf(target)));
  transfer_ = {"downloading", artifact.path(), 0, artifact.size()};
  v1::Artifact wanted = artifact;
  Backoff backoff(kRetryTimeout);
  int restarts = 0;
  while (true) {
    const int64_t before = transfer_.done;
    const absl::Status status = Attempt(job, target, &wanted);
    if (status.ok() || absl::IsAlreadyExists(status)) return wanted;
    const bool damaged = absl::IsDataLoss(status);
    if (absl::IsFailedPrecondition(status) || damaged) {
      if (++restarts > (damaged ? 1 : kMaxRestarts)) return status;
      RemovePart(target, wanted.sha256());
      wanted.clear_sha256();
      continue;
    }
    if (!IsTransient(status) || absl::IsCancelled(status)) return status;
    if (transfer_.done > before) backoff.Reset();
    const absl::Duration pause = backoff.NextDelay(clock_.Now());
    if (pause == absl::InfiniteDuration()) return status;
    KUR_RETURN_IF_ERROR(WaitBeforeRetry(pause));
  }
}

absl::Status Downloader::Attempt(const std::string& job, const std::string& target,
                                 v1::Artifact* wanted) {
  v1::DownloadArtifactRequest request;
  request.set_name(job);
  request.set_path(wanted->path());
  std::optional<PartFile> part;
  if (IsSha256Hex(wanted->sha256())) {
    KUR_ASSIGN_OR_RETURN(part, PartFile::Open(target, wanted->sha256()));
    if (part->size() > wanted->size()) KUR_RETURN_IF_ERROR(part->Clear());
  }
  if (part.has_value() && part->size() > 0) {
    request.set_offset(part->size());
    request.set_sha256(wanted->sha256());
  }
  const bool complete = part.has_value() && part->size() > 0 && part->size() == wanted->size();
  if (!complete) KUR_RETURN_IF_ERROR(Receive(request, target, wanted, &part));
  return part->Finish();
}

absl::Status Downloader::Receive(const v1::DownloadArtifactRequest& request,
                                 const std::string& target, v1::Artifact* wanted,
                                 std::optional<PartFile>* part) {
  using Reader = StreamReader<v1::DownloadArtifactResponse>;
  Reader reader(connection_, connection_.jobs(), &v1::Jobs::Stub::AsyncDownloadArtifact, request);
  v1::DownloadArtifactResponse response;
  while (true) {
    const Reader::Outcome outcome = reader.Next(&response, kPollInterval);
    if (outcome == Reader::Outcome::kEnd) break;
    if (outcome == Reader::Outcome::kMessage) {
      KUR_RETURN_IF_ERROR(HandleResponse(response, target, wanted, part));
      transfer_.done = (*part)->size();
      transfer_.total = wanted->size();
    }
    KUR_RETURN_IF_ERROR(ReportProgress());
  }
  // A server that shuts down cancels its streams, but CANCELLED means that the observer stopped.
  if (absl::IsCancelled(reader.status())) {
    return MarkAsServerError(absl::UnavailableError(reader.status().message()));
  }
  KUR_RETURN_IF_ERROR(reader.status());
  if (!part->has_value() || (*part)->size() != wanted->size()) {
    return MarkAsServerError(absl::UnavailableError("the download ended early"));
  }
  return absl::OkStatus();
}

absl::Status Downloader::HandleResponse(const v1::DownloadArtifactResponse& response,
                                        const std::string& target, v1::Artifact* wanted,
                                        std::optional<PartFile>* part) const {
  if (response.has_artifact() && response.artifact().sha256() != wanted->sha256()) {
    if (part->has_value() && (*part)->size() > 0) {
      return absl::FailedPreconditionError("the content has changed");
    }
    const std::string previous = wanted->sha256();
    if (!IsSha256Hex(response.artifact().sha256())) {
      return MarkAsServerError(absl::InternalError("the server named no digest of what it sends"));
    }
    part->reset();
    if (IsSha256Hex(previous)) RemovePart(target, previous);
    const std::string path = wanted->path();
    *wanted = response.artifact();
    wanted->set_path(path);
    if (HasContent(target, *wanted)) return absl::AlreadyExistsError(target);
    KUR_ASSIGN_OR_RETURN(*part, PartFile::Open(target, wanted->sha256()));
    KUR_RETURN_IF_ERROR((*part)->Clear());
  }
  if (!part->has_value()) {
    return MarkAsServerError(absl::InternalError("the server did not say what it sends"));
  }
  if ((*part)->size() + static_cast<int64_t>(response.data().size()) > wanted->size()) {
    return absl::DataLossError(absl::StrCat("the server sent more than the ", wanted->size(),
                                            " bytes of ", wanted->path()));
  }
  return (*part)->Append(response.data());
}

absl::Status Downloader::WaitBeforeRetry(absl::Duration duration) {
  const absl::Time end = clock_.Now() + duration;
  while (clock_.Now() < end) {
    clock_.SleepFor(std::min(end - clock_.Now(), kPollInterval));
    KUR_RETURN_IF_ERROR(ReportProgress());
  }
  return absl::OkStatus();
}

absl::Status Downloader::ReportProgress() {
  if (observer_(transfer_)) return absl::OkStatus();
  return absl::CancelledError("the download was stopped");
}

absl::StatusOr<std::string> LocalPathOf(const std::string& folder, const v1::Artifact& artifact) {
  auto relative = NormalizeRelativePath(artifact.path());
  if (!relative.ok()) return Annotate(relative.status(), "the server named an unusable path");
  return JoinPath(folder, *relative);
}

}  // namespace kur::client
