#include "client/transfer/artifact_fetcher.h"

#include <utility>

#include "client/transfer/downloader.h"
#include "engine/base/status.h"

namespace kur::client {

ArtifactFetcher::ArtifactFetcher(Connection& connection, Clock& clock, std::string job,
                                 std::string folder)
    : connection_(connection),
      clock_(clock),
      job_(std::move(job)),
      folder_(std::move(folder)),
      thread_([this] { Run(); }) {}

ArtifactFetcher::~ArtifactFetcher() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void ArtifactFetcher::Fetch(const v1::Artifact& artifact) {
  absl::MutexLock lock(&mutex_);
  const auto known = fetched_.find(artifact.path());
  const bool pending = pending_.count(artifact.path()) > 0;
  if (!pending && known != fetched_.end() && known->second.sha256() == artifact.sha256()) return;
  pending_[artifact.path()] = artifact;
}

std::optional<Transfer> ArtifactFetcher::current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

bool ArtifactFetcher::WaitUntilIdle(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return fetched_one_.Await(&mutex_, absl::Condition(this, &ArtifactFetcher::IsIdle), timeout);
}

std::vector<v1::Artifact> ArtifactFetcher::TakeFetched() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(unreported_, {});
}

absl::Status ArtifactFetcher::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void ArtifactFetcher::Run() {
  Downloader downloader(connection_, clock_, [this](const Transfer& transfer) {
    absl::MutexLock lock(&mutex_);
    current_ = transfer;
    return !stopping_;
  });
  while (true) {
    v1::Artifact artifact;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &ArtifactFetcher::HasWork));
      if (stopping_) return;
      artifact = std::move(pending_.begin()->second);
      pending_.erase(pending_.begin());
      busy_ = true;
    }
    const auto target = LocalPathOf(folder_, artifact);
    auto result = target.ok() ? downloader.Download(job_, artifact, *target)
                              : absl::StatusOr<v1::Artifact>(target.status());
    absl::MutexLock lock(&mutex_);
    busy_ = false;
    fetched_one_.NotifyAll();
    current_.reset();
    if (!result.ok()) {
      if (!stopping_) status_.Update(Annotate(result.status(), artifact.path()));
      continue;
    }
    v1::Artifact& known = fetched_[result->path()];
    if (known.sha256() != result->sha256()) unreported_.push_back(*result);
    known = *std::move(result);
  }
}

}  // namespace kur::client
