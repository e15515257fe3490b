#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/output/job_view.h"
#include "client/output/text.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class CheckpointsCommand : public Command {
 public:
  Info info() const override {
    return {"checkpoints", "List the checkpoints and results that a job has written",
            "kurctl checkpoints cifar-7\n"
            "kurctl checkpoints cifar-7 -o wide"};
  }

  void Declare(Arguments& arguments) override {
    AddJobArgument(arguments, &job_);
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    v1::ListArtifactsRequest request;
    request.set_name(job_);
    KUR_ASSIGN_OR_RETURN(const auto response,
                         connection->Call(&v1::Jobs::Stub::ListArtifacts, request));
    const auto& artifacts = response.artifacts();
    if (format_ == OutputFormat::kName) {
      for (const v1::Artifact& artifact : artifacts) {
        context.out.WriteLine(Printable(artifact.path()));
      }
    } else if (IsStructured(format_)) {
      context.out.Write(RenderStructured(format_, ToJsonList(artifacts)));
    } else if (artifacts.empty()) {
      context.err.WriteLine(absl::StrCat(job_, " has written nothing yet"));
    } else {
      context.out.Write(RenderArtifactTable({artifacts.begin(), artifacts.end()},
                                            format_ == OutputFormat::kWide, context.clock.Now(),
                                            context.out));
    }
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeCheckpointsCommand() { return std::make_unique<CheckpointsCommand>(); }

}  // namespace kur::client
