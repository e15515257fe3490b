#include "engine/train/run_writer.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/kurfile/specs/path_placeholders.h"
#include "engine/optimizers/finite.h"

namespace kur {
namespace {

std::string LossText(const std::optional<double>& loss) {
  return loss.has_value() ? absl::StrFormat("%.3f", *loss) : "none";
}

}  // namespace

RunWriter::RunWriter(State state, const RunOptions& options, const RunHost& host)
    : state_(std::move(state)),
      options_(options),
      host_(host),
      next_resume_write_(MonotonicSeconds() + options.resume_interval_seconds) {}

absl::Status RunWriter::WriteWeights(const FileReference& file, const std::string& description) {
  KUR_RETURN_IF_ERROR(CheckFinite(file));
  KUR_RETURN_IF_ERROR(CommitLog());
  KUR_ASSIGN_OR_RETURN(const std::string* content, Serialized());
  return WriteArtifact(file, description, *content);
}

absl::Status RunWriter::CheckFinite(const FileReference& file) const {
  TensorMap weights = state_.model->Weights();
  if (state_.average != nullptr) weights.merge(state_.average->Tensors());
  for (const auto& [name, tensor] : weights) {
    if (AreFinite({tensor})) continue;
    return absl::OutOfRangeError(absl::StrCat(
        "the weights ", name, " hold NaN or infinite numbers after ", state_.position->run_batches,
        " batches, so ", file.path,
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
  info.epoch = state_.position->epoch;
  info.batch = state_.position->total_batches;
  return host_.artifacts->WriteArtifact(info, content);
}

std::string RunWriter::ExpandPath(const std::string& path) const {
  const TrainingPosition& position = *state_.position;
  // The epoch at work, or the one that has just ended.
  const bool just_ended = position.batch == 0 && position.epoch > 0;
  return ExpandPlaceholders(
      path,
      {{"EPOCH", absl::StrCat(just_ended ? position.epoch : position.epoch + 1)},
       {"BATCH", absl::StrCat(position.total_batches)},
       {"SAMPLE", absl::StrCat(position.total_samples)},
       {"TRAIN_LOSS", LossText(position.latest_training_loss)},
       {"VALIDATION_LOSS", LossText(position.latest_validation_loss)},
       {"TIMESTAMP", absl::FormatTime("%Y-%m-%d_%H:%M:%S", absl::Now(), absl::LocalTimeZone())}});
}

Checkpoint RunWriter::MakeCheckpoint() const {
  state_.position->clocks = state_.clocks->Read();
  Checkpoint checkpoint;
  checkpoint.weights = state_.model->Weights();
  if (state_.average != nullptr) {
    for (const auto& [name, average] : state_.average->Tensors()) {
      checkpoint.trained_weights[name] = checkpoint.weights[name];
      checkpoint.weights[name] = average;
    }
  }
  checkpoint.optimizer = state_.optimizer_kind;
  checkpoint.optimizer_state = state_.optimizer->State();
  checkpoint.optimizer_steps = state_.optimizer->steps();
  checkpoint.gradients = state_.optimizer->Gradients();
  checkpoint.position = *state_.position;
  return checkpoint;
}

absl::StatusOr<const std::string*> RunWriter::Serialized() {
  if (serialized_.empty()) {
    KUR_ASSIGN_OR_RETURN(serialized_, SerializeCheckpoint(MakeCheckpoint()));
  }
  return &serialized_;
}

absl::Status RunWriter::CommitLog() {
  if (state_.log == nullptr) return absl::OkStatus();
  state_.position->clocks = state_.clocks->Read();
  state_.log->SetClocks(state_.position->clocks);
  KUR_RETURN_IF_ERROR(state_.log->Sync());
  state_.position->log_commit = state_.log->committed();
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
  constexpr double kLeastTimesCost = 50;
  const double end = MonotonicSeconds();
  next_resume_write_ =
      end + std::max(options_.resume_interval_seconds, kLeastTimesCost * (end - start));
  return absl::OkStatus();
}

}  // namespace kur
