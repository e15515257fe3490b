#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "engine/base/status.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

class CancelCommand : public Command {
 public:
  Info info() const override {
    return {"cancel", "End jobs; a running one writes its last weights first",
            "kurctl cancel cifar-7 mnist-3"};
  }

  void Declare(Arguments& arguments) override { AddJobsArgument(arguments, &jobs_); }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    absl::Status failure;
    for (const std::string& name : jobs_) {
      v1::CancelJobRequest request;
      request.set_name(name);
      const auto job = connection->Call(&v1::Jobs::Stub::CancelJob, request);
      if (!job.ok()) {
        // The last failure is reported by the caller.
        if (!failure.ok()) context.err.WriteLine(absl::StrCat("kurctl: ", failure.message()));
        failure = job.status();
        continue;
      }
      context.out.WriteLine(absl::StrCat(
          "job ", job->name(), WasCancelled(job->state()) ? " cancelled" : " is being cancelled"));
    }
    if (!failure.ok()) return failure;
    return ExitCode::kOk;
  }

 private:
  std::vector<std::string> jobs_;
};

}  // namespace

std::unique_ptr<Command> MakeCancelCommand() { return std::make_unique<CancelCommand>(); }

}  // namespace kur::client
