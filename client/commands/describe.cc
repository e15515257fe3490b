#include "client/commands/commands.h"
#include "client/output/job_view.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class DescribeCommand : public Command {
 public:
  Info info() const override {
    return {"describe", "Show everything about a job",
            "kurctl describe cifar-7\n"
            "kurctl describe cifar-7 -o json"};
  }

  void Declare(Arguments& arguments) override {
    AddJobArgument(arguments, &job_);
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    KUR_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*connection, job_));
    if (format_ == OutputFormat::kName) {
      context.out.WriteLine(job.name());
      return ExitCode::kOk;
    }
    if (IsStructured(format_)) {
      context.out.Write(RenderStructured(format_, ToJson(job)));
      return ExitCode::kOk;
    }
    v1::ListArtifactsRequest request;
    request.set_name(job.name());
    KUR_ASSIGN_OR_RETURN(const auto response,
                         connection->Call(&v1::Jobs::Stub::ListArtifacts, request));
    context.out.Write(RenderJob(job, {response.artifacts().begin(), response.artifacts().end()},
                                context.clock.Now(), context.zone, context.out));
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeDescribeCommand() { return std::make_unique<DescribeCommand>(); }

}  // namespace kur::client
