#include "engine/train/run_writer.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/kurfile/specs/path_placeholders.h"
#include "engine/optimizers/finite.h"
#include "engine/train/stopwatch.h"

namespace kur {
namespace {

std::string LossText(const std::optional<double>& loss) {
  return loss.has_value() ? absl::StrFormat("%.3f", *loss) : "none";
}

}  // namespace

RunWriter::RunWriter(Parts parts, const RunOptions& options, const RunHost& host,
                     std::string log_commit)
    : parts_(std::move(parts)),
      options_(options),
      host_(host),
      log_commit_(std::move(log_commit)),
      next_resume_write_(MonotonicSeconds() + absl::ToDoubleSeconds(options.resume_interval)) {}

absl::Status RunWriter::WriteWeights(const FileReference& file, const std::string& description) {
  KUR_RETURN_IF_ERROR(CheckFinite(file));
  KUR_RETURN_IF_ERROR(CommitLog());
  KUR_ASSIGN_OR_RETURN(const std::string* content, Serialized());
  const std::string& known = parts_.encodings_summary;
  return WriteArtifact(file, absl::StrCat(description, known.empty() ? "" : "; ", known), *content);
}

absl::Status RunWriter::CheckFinite(const FileReference& file) const {
  TensorMap weights = parts_.model->Weights();
  if (parts_.average != nullptr) weights.merge(parts_.average->Tensors());
  for (const auto& [name, tensor] : weights) {
    if (AreFinite({tensor})) continue;
    return absl::OutOfRangeError(absl::StrCat(
        "the weights ", name, " hold NaN or infinite numbers after ",
        parts_.position().progress.run_batches, " batches, so ", file.path,
        " was not written; normalise the data, lower the learning rate, or clip the gradients"));
  }
  return absl::OkStatus();
}

absl::Status RunWriter::WriteEvidence(const FileReference& file,
                                      const std::vector<int64_t>& samples) {
  Checkpoint checkpoint = MakeCheckpoint();
  at::Tensor indices = at::empty({static_cast<int64_t>(samples.size())}, at::kLong);
  std::copy(samples.begin(), samples.end(), indices.data_ptr<int64_t>());
  checkpoint.weights["non_finite/samples"] = indices;
  KUR_ASSIGN_OR_RETURN(const std::string content, SerializeCheckpoint(checkpoint));
  return WriteArtifact(file, "weights and samples at numbers that are not finite", content);
}

absl::Status RunWriter::WriteArtifact(const FileReference& file, const std::string& description,
                                      const std::string& content) {
  ArtifactInfo info;
  info.file = file;
  info.file.path = ExpandPath(file.path);
  info.description = description;
  const TrainingProgress progress = parts_.position().progress;
  info.epoch = progress.epoch;
  info.batch = progress.total_batches;
  return host_.artifacts->WriteArtifact(info, content);
}

std::string RunWriter::ExpandPath(const std::string& path) const {
  const TrainingPosition position = parts_.position();
  const TrainingProgress& progress = position.progress;
  // The epoch at work, or the one that has just ended.
  const bool just_ended = progress.batch == 0 && progress.epoch > 0;
  return ExpandPlaceholders(
      path,
      {{"EPOCH", absl::StrCat(just_ended ? progress.epoch : progress.epoch + 1)},
       {"BATCH", absl::StrCat(progress.total_batches)},
       {"SAMPLE", absl::StrCat(progress.total_samples)},
       {"TRAIN_LOSS", LossText(position.losses.latest_training)},
       {"VALIDATION_LOSS", LossText(position.losses.latest_validation)},
       {"TIMESTAMP", absl::FormatTime("%Y-%m-%d_%H:%M:%S", TimeOfDay(), absl::LocalTimeZone())}});
}

Checkpoint RunWriter::MakeCheckpoint() const {
  Checkpoint checkpoint;
  checkpoint.weights = parts_.model->Weights();
  if (parts_.average != nullptr) {
    for (const auto& [name, average] : parts_.average->Tensors()) {
      checkpoint.trained_weights[name] = checkpoint.weights[name];
      checkpoint.weights[name] = average;
    }
  }
  checkpoint.optimizer = parts_.optimizer_kind;
  checkpoint.optimizer_state = parts_.optimizer->State();
  checkpoint.optimizer_steps = parts_.optimizer->steps();
  checkpoint.gradients = parts_.optimizer->Gradients();
  checkpoint.position = parts_.position();
  checkpoint.position.log_commit = log_commit_;
  checkpoint.encodings = parts_.encodings;
  return checkpoint;
}

absl::StatusOr<const std::string*> RunWriter::Serialized() {
  if (serialized_.empty()) {
    KUR_ASSIGN_OR_RETURN(serialized_, SerializeCheckpoint(MakeCheckpoint()));
  }
  return &serialized_;
}

absl::Status RunWriter::CommitLog() {
  if (parts_.log == nullptr) return absl::OkStatus();
  parts_.log->SetClocks(parts_.position().clocks);
  KUR_RETURN_IF_ERROR(parts_.log->Sync());
  log_commit_ = parts_.log->committed();
  StateChanged();
  return absl::OkStatus();
}

absl::Status RunWriter::WriteResumeFileIfDue(bool now) {
  if (options_.resume_path.empty()) return absl::OkStatus();
  const double start = MonotonicSeconds();
  if (!now && start < next_resume_write_) return absl::OkStatus();
  KUR_RETURN_IF_ERROR(CommitLog());
  KUR_RETURN_IF_ERROR(host_.events->Sync());
  KUR_ASSIGN_OR_RETURN(const std::string* content, Serialized());
  KUR_RETURN_IF_ERROR(WriteFileAtomically(*options_.files, options_.resume_path, *content, 0600));
  host_.events->OnSaved(parts_.position().progress.run_batches);
  constexpr double kLeastTimesCost = 50;
  const double end = MonotonicSeconds();
  next_resume_write_ = end + std::max(absl::ToDoubleSeconds(options_.resume_interval),
                                      kLeastTimesCost * (end - start));
  return absl::OkStatus();
}

}  // namespace kur
