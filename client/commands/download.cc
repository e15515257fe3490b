#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/output/format.h"
#include "client/output/text.h"
#include "client/output/transfer_meter.h"
#include "client/transfer/downloader.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"

namespace kur::client {
namespace {

class DownloadCommand : public Command {
 public:
  Info info() const override {
    return {"download", "Download checkpoints and results of a job",
            "kurctl download cifar-7 cifar.best.kur\n"
            "kurctl download cifar-7 results.pkl -o results"};
  }

  void Declare(Arguments& arguments) override {
    AddJobArgument(arguments, &job_);
    arguments.Positionals("PATH", &paths_, "What to download, as `kurctl checkpoints` names it");
    arguments.Option("-o,--output", "DIR", &folder_,
                     "The folder to download to, default: this one");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    v1::ListArtifactsRequest request;
    request.set_name(job_);
    KUR_ASSIGN_OR_RETURN(const auto artifacts,
                         connection->Call(&v1::Jobs::Stub::ListArtifacts, request));
    std::vector<v1::Artifact> wanted;
    for (const std::string& path : paths_) {
      KUR_ASSIGN_OR_RETURN(wanted.emplace_back(), FindArtifact(artifacts, path));
    }
    for (const v1::Artifact& artifact : wanted) {
      KUR_RETURN_IF_ERROR(Download(context, *connection, artifact));
    }
    return ExitCode::kOk;
  }

 private:
  absl::StatusOr<v1::Artifact> FindArtifact(const v1::ListArtifactsResponse& artifacts,
                                            const std::string& path) const {
    std::vector<std::string> names;
    for (const v1::Artifact& artifact : artifacts.artifacts()) {
      if (artifact.path() == path) return artifact;
      names.push_back(artifact.path());
    }
    return absl::NotFoundError(
        absl::StrCat(job_, " has written no '", path, "'",
                     names.empty() ? "; it has written nothing yet" : DidYouMean(path, names)));
  }

  absl::Status Download(Context& context, Connection& connection,
                        const v1::Artifact& artifact) const {
    TransferMeter meter(context.err, context.clock);
    Downloader downloader(connection, context.clock, [&](const Transfer& transfer) {
      meter.Show(transfer);
      return true;
    });
    KUR_ASSIGN_OR_RETURN(const std::string target, LocalPathOf(folder_, artifact));
    KUR_ASSIGN_OR_RETURN(const v1::Artifact arrived, downloader.Download(job_, artifact, target));
    meter.Clear();
    context.out.WriteLine(absl::StrCat(Printable(target), " (", HumanBytes(arrived.size()), ")"));
    return absl::OkStatus();
  }

  std::string job_;
  std::vector<std::string> paths_;
  std::string folder_ = ".";
};

}  // namespace

std::unique_ptr<Command> MakeDownloadCommand() { return std::make_unique<DownloadCommand>(); }

}  // namespace kur::client
