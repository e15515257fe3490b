#include "server/worker/reporter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/version.h"
#include "engine/train/stopwatch.h"
#include "engine/value/diagnostics.h"
#include "server/worker/event_conversions.h"

namespace kur::worker {
namespace {

constexpr double kLossInterval = 0.1;  // seconds

// Rounds to whole microseconds, which take less space than digits that no clock has.
double ToMicroseconds(double seconds) {
  constexpr double kMicros = 1e6;
  return std::round(seconds * kMicros) / kMicros;
}

}  // namespace

void Reporter::OnStarted(const RunStarted& started) {
  v1::Event event;
  v1::Started* to = event.mutable_started();
  to->set_parameters(started.parameters);
  to->set_layers(started.layers);
  to->set_samples(started.samples);
  to->set_resumed_at_batch(started.resumed_at_batch);
  to->set_device(started.device);
  to->set_threads(started.threads);
  to->set_engine_version(kVersion);
  to->set_startup_seconds(MonotonicSeconds() - options_.process_start);
  Send(std::move(event));
}

void Reporter::OnEpochStarted(const EpochStarted& epoch) {
  v1::Event event;
  v1::EpochStarted* to = event.mutable_epoch_started();
  to->set_epoch(epoch.epoch);
  to->set_last_epoch(epoch.last_epoch);
  to->set_batches(epoch.batches);
  to->set_samples(epoch.samples);
  Send(std::move(event));
  RestartClock();
}

void Reporter::RestartClock() {
  const absl::MutexLock lock(&mutex_);
  last_sent_ = MonotonicSeconds();
}

void Reporter::OnBatch(const BatchDone& batch) {
  const absl::MutexLock lock(&mutex_);
  if (pending_.losses_size() == 0) {
    pending_.set_epoch(batch.epoch);
    pending_.set_first_batch(batch.batch);
  }
  pending_.add_losses(static_cast<float>(batch.loss));
  pending_.add_sizes(static_cast<int32_t>(batch.size));
  pending_.set_samples(batch.samples);
  pending_.set_mean_loss(batch.mean_loss);
  samples_sent_ += batch.size;
  if (MonotonicSeconds() - last_sent_ >= kLossInterval) SendLosses();
}

void Reporter::SendLosses() {
  if (pending_.losses_size() == 0) return;
  const double now = MonotonicSeconds();
  constexpr double kLeastInterval = 1e-6;
  // As float: nobody measures it more exactly.
  pending_.set_samples_per_second(static_cast<float>(static_cast<double>(samples_sent_) /
                                                     std::max(now - last_sent_, kLeastInterval)));
  v1::Event event;
  event.mutable_batch_losses()->Swap(&pending_);
  pending_.Clear();
  samples_sent_ = 0;
  last_sent_ = now;
  SendNow(std::move(event));
}

void Reporter::OnEpochFinished(const EpochFinished& epoch) {
  v1::Event event;
  v1::EpochFinished* to = event.mutable_epoch_finished();
  to->set_epoch(epoch.epoch);
  to->set_loss(epoch.loss);
  to->mutable_losses()->insert(epoch.losses.begin(), epoch.losses.end());
  to->set_samples(epoch.samples);
  to->set_seconds(ToMicroseconds(epoch.seconds));
  to->set_learning_rate(epoch.learning_rate);
  to->set_data_seconds(ToMicroseconds(epoch.data_seconds));
  Send(std::move(event));
}

void Reporter::OnDownloadProgress(const std::string& path, int64_t bytes, int64_t total) {
  v1::Event event;
  v1::DownloadProgress* to = event.mutable_download_progress();
  to->set_path(path);
  to->set_bytes(bytes);
  to->set_total(total);
  Send(std::move(event));
}

void Reporter::OnPassProgress(const std::string& section, int64_t samples, int64_t total) {
  v1::Event event;
  v1::PassProgress* to = event.mutable_pass_progress();
  to->set_section(section);
  to->set_samples(samples);
  to->set_total(total);
  Send(std::move(event));
}

void Reporter::OnEvaluated(const EvaluationResult& result) {
  v1::Event event;
  v1::Measured* to = event.mutable_measured();
  to->set_section(result.section);
  to->set_set(result.set);
  to->set_epoch(result.epoch);
  to->set_loss(result.loss);
  to->mutable_losses()->insert(result.losses.begin(), result.losses.end());
  to->mutable_metrics()->insert(result.metrics.begin(), result.metrics.end());
  to->set_samples(result.samples);
  to->set_seconds(ToMicroseconds(result.seconds));
  Send(std::move(event));
  // Time that was spent measuring is not time that batches took.
  RestartClock();
}

void Reporter::OnDataInspected(const DataReport& report) {
  v1::Event event;
  *event.mutable_data_inspected() = ToProto(report);
  Send(std::move(event));
}

void Reporter::OnLog(LogLevel level, const std::string& text) {
  v1::Event event;
  event.mutable_log_line()->set_level(ToProto(level));
  event.mutable_log_line()->set_text(text);
  Send(std::move(event));
}

void Reporter::OnCommandDone(int64_t id, const absl::Status& status) {
  v1::Event event;
  v1::CommandDone* to = event.mutable_command_done();
  to->set_id(id);
  to->set_code(static_cast<int32_t>(status.code()));
  to->set_message(std::string(status.message()));
  Send(std::move(event));
}

void Reporter::OnSaved(int64_t batches) {
  v1::Event event;
  event.mutable_saved()->set_batch(batches);
  Send(std::move(event));
}

absl::Status Reporter::WriteArtifact(const ArtifactInfo& info, const std::string& content) {
  std::string name;
  const absl::Status written = [&]() -> absl::Status {
    KUR_ASSIGN_OR_RETURN(name, NormalizeRelativePath(info.file.path));
    KUR_ASSIGN_OR_RETURN(const std::string path, paths_.ForWriting(info.file.path));
    FileSystem& files = *options_.files;
    // A run that goes on from the file does not repeat what happened before it: no event of that
    // may be lost if the process is killed as soon as the file is there.
    KUR_RETURN_IF_ERROR(Flush());
    KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(path)));
    KUR_RETURN_IF_ERROR(WriteFileAtomically(files, path, content));
    if (options_.artifact_folder.empty()) return absl::OkStatus();
    return LinkAtomically(files, path, JoinPath(options_.artifact_folder, name));
  }();
  if (absl::IsResourceExhausted(written)) {
    return Annotate(written, absl::StrCat("writing ", info.file.path));
  }
  if (!written.ok()) {
    return ErrorAt(info.file.location, info.file.key,
                   absl::StrCat("cannot write ", info.file.path, ": ", written.message()));
  }
  v1::Event event;
  v1::Artifact* to = event.mutable_artifact_written();
  to->set_path(name);
  to->set_kind(info.kind == ArtifactInfo::Kind::kResult ? v1::Artifact::KIND_RESULT
                                                        : v1::Artifact::KIND_CHECKPOINT);
  to->set_size(static_cast<int64_t>(content.size()));
  to->set_sha256(Sha256Hex(content));
  *to->mutable_written_at() = CurrentTimestamp();
  to->set_description(info.description);
  to->set_epoch(info.epoch);
  to->set_batch(info.batch);
  Send(std::move(event));
  return absl::OkStatus();
}

absl::Status Reporter::Sync() {
  KUR_RETURN_IF_ERROR(Flush());
  return sink_->Sync();
}

absl::Status Reporter::Flush() {
  const absl::MutexLock lock(&mutex_);
  SendLosses();
  status_.Update(sink_->Flush());
  return status_;
}

void Reporter::Send(v1::Event event) {
  const absl::MutexLock lock(&mutex_);
  // Losses that are still being packed came first.
  SendLosses();
  SendNow(std::move(event));
}

void Reporter::SendNow(v1::Event event) {
  MakeTextValid(&event);
  status_.Update(sink_->Add(std::move(event)));
}

}  // namespace kur::worker
