#include "engine/train/hook_runner.h"

#include <string>
#include <utility>

#include "engine/base/registry.h"
#include "engine/base/status.h"
#include "engine/download/http.h"
#include "engine/train/hook_data.h"

namespace kur {
namespace {

class RunHookHost : public HookHost {
 public:
  RunHookHost(const RunHost& host, FetchOptions network)
      : host_(host), network_(std::move(network)) {}

  void Print(const std::string& line) override { host_.events->OnLog(LogLevel::kInfo, line); }
  void Warn(const std::string& line) override { host_.events->OnLog(LogLevel::kWarning, line); }

  absl::Status WriteFile(const FileReference& file, const std::string& description,
                         const std::string& content) override {
    ArtifactInfo info;
    info.file = file;
    info.kind = ArtifactInfo::Kind::kResult;
    info.description = description;
    return host_.artifacts->WriteArtifact(info, content);
  }

  absl::Status WriteResults(const FileReference& file, const std::string& format,
                            const HookData& data) override {
    return kur::WriteResults(file, format, ToPredictions(data), host_.artifacts);
  }

  absl::StatusOr<std::string> Post(const std::string& url, const std::string& bearer,
                                   const std::string& json) override {
    if (network_.offline) return absl::FailedPreconditionError("kurd is offline");
    return PostJson(*network_.http, url, bearer, json);
  }

 private:
  const RunHost host_;
  FetchOptions network_;
};

}  // namespace

HookRunner::HookRunner(const HookSpecs& specs, const RunHost& host, const FetchOptions& network)
    : host_(std::make_unique<RunHookHost>(host, network)) {
  for (const auto& spec : specs) {
    const HookBuilder* builder = Registry<HookBuilder>::Get().Find(spec->kind());
    if (builder == nullptr) continue;
    if (builder->build_for_results) result_hooks_.push_back(builder->build_for_results(*spec));
    if (builder->build_for_training) training_hooks_.push_back(builder->build_for_training(*spec));
  }
}

absl::StatusOr<HookData> HookRunner::Apply(const HookData& data) {
  HookData current = data;
  for (const auto& hook : result_hooks_) {
    KUR_ASSIGN_OR_RETURN(current, hook->Apply(std::move(current), data, host_.get()));
  }
  return current;
}

absl::Status HookRunner::Notify(const TrainingStatus& status, const TrainingHistory& history) {
  for (const auto& hook : training_hooks_) {
    KUR_RETURN_IF_ERROR(hook->Notify(status, history, host_.get()));
  }
  return absl::OkStatus();
}

absl::Status WriteResults(const FileReference& file, const std::string& format,
                          const Predictions& predictions, ArtifactWriter* artifacts) {
  KUR_ASSIGN_OR_RETURN(
      const std::string content,
      FormatResults(predictions, format == "auto" ? ResultFormatOf(file.path) : format));
  ArtifactInfo info;
  info.file = file;
  info.kind = ArtifactInfo::Kind::kResult;
  info.description = "results";
  return artifacts->WriteArtifact(info, content);
}

}  // namespace kur
