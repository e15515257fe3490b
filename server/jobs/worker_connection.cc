#include "server/jobs/worker_connection.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/file_identity.h"
#include "engine/base/path_resolver.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "server/auth/access_policy.h"
#include "server/protocol/job_state.h"
#include "server/protocol/packed_events.h"
#include "server/protocol/spooled_events.h"
namespace kur::server {
namespace {

bool SameSecret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

absl::Status CheckArtifact(const v1::Artifact& artifact) {
  KUR_RETURN_IF_ERROR(NormalizeRelativePath(artifact.path()).status());
  if (artifact.size() >= 0 && IsSha256Hex(artifact.sha256())) return absl::OkStatus();
  return absl::InvalidArgumentError("an artifact needs its size and its SHA-256");
}

absl::Status Replaced() {
  return absl::AbortedError("replaced by a newer connection of the worker");
}

}  // namespace

void WorkerConnection::Replace(const std::shared_ptr<WorkerLink>& link) {
  const auto replaced = link_.lock();
  *this = WorkerConnection();
  link_ = link;
  if (replaced != nullptr) replaced->Close(Replaced());
}

absl::Status WorkerConnection::CheckIsOver(const WorkerLink* link) const {
  return link_.lock().get() == link ? absl::OkStatus() : Replaced();
}

void WorkerConnection::SendCommands(const JobRecord& job) {
  const auto link = link_.lock();
  if (link == nullptr || !welcomed_) return;
  for (const v1::Command& command : job.commands.commands()) {
    if (command.id() <= last_sent_) continue;
    link->SendCommand(command);
    last_sent_ = command.id();
  }
  if (job.desired_state != DESIRED_STATE_END || cancel_sent_) return;
  v1::Command cancel;
  cancel.mutable_cancel();
  link->SendCommand(cancel);
  cancel_sent_ = true;
}

absl::Status CheckHello(const v1::Hello& hello, const JobRecord& job,
                        const std::string& run_directory) {
  if (!SameSecret(hello.secret(), job.frozen.secret())) {
    return NoSuchJob(hello.job());
  }
  if (IsFinal(job.state)) return absl::NotFoundError("the job has ended");
  if (!HasWorker(job.state)) return absl::PermissionDeniedError("the job has no worker");
  if (hello.attempt() != 0 && hello.attempt() != job.attempts) {
    return absl::PermissionDeniedError("another worker has taken the job over");
  }
  if (hello.run_directory_id().empty()) return absl::OkStatus();
  KUR_ASSIGN_OR_RETURN(const std::string id, FileIdentity(run_directory));
  if (hello.run_directory_id() == id) return absl::OkStatus();
  return absl::PermissionDeniedError("the worker belongs to another state directory");
}

absl::Status CheckWorkerEvents(const std::vector<v1::Event>& events) {
  for (const v1::Event& event : events) {
    if (event.ByteSizeLong() > kMaxEventBytes) {
      return absl::InvalidArgumentError("an event of a worker is too large");
    }
    if (event.worker_sequence() <= 0) {
      return absl::InvalidArgumentError("an event of a worker needs a worker_sequence");
    }
    // The states of a job are kurd's to announce.
    if (event.has_state_changed()) {
      return absl::InvalidArgumentError("a worker cannot change the state of its job");
    }
    KUR_RETURN_IF_ERROR(CheckPacked(event));
    if (event.has_artifact_written()) {
      KUR_RETURN_IF_ERROR(CheckArtifact(event.artifact_written()));
    }
  }
  return absl::OkStatus();
}

absl::Status KeepNewEvents(int64_t sequence, bool may_lack_events, std::vector<v1::Event>& events) {
  const auto known = [sequence](const v1::Event& event) {
    return event.worker_sequence() <= sequence;
  };
  events.erase(std::remove_if(events.begin(), events.end(), known), events.end());
  if (may_lack_events && !events.empty()) {
    sequence = std::max(sequence, events.front().worker_sequence() - 1);
  }
  for (const v1::Event& event : events) {
    // Subtracts: what the worker says may be the largest number.
    if (event.worker_sequence() - 1 != sequence) {
      return absl::OutOfRangeError(absl::StrCat("expected the event after the worker's ", sequence,
                                                ", got ", event.worker_sequence()));
    }
    sequence = event.worker_sequence();
  }
  return absl::OkStatus();
}

}  // namespace kur::server
