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
    absl::Status first_failure;
    for (const std::string& name : jobs_) {
      v1::CancelJobRequest request;
      request.set_name(name);
      const auto job = connection->Call(&v1::Jobs::Stub::CancelJob, request);
      if (!job.ok()) {
        // The last word is the program's own report of a failure.
        if (!first_failure.ok())
          context.err.WriteLine(absl::StrCat("kurctl: ", first_failure.message()));
        first_failure = first_failure.ok() ? job.status() : first_failure;
        continue;
      }
      context.out.WriteLine(absl::StrCat(
          "job ", job->name(), WasCancelled(job->state()) ? " cancelled" : " is being cancelled"));
    }
    if (!first_failure.ok()) return first_failure;
    return ExitCode::kOk;
  }

 private:
  std::vector<std::string> jobs_;
};

}  // namespace

std::unique_ptr<Command> MakeCancelCommand() { return std::make_unique<CancelCommand>(); }

}  // namespace kur::client
