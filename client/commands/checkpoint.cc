#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class CheckpointCommand : public Command {
 public:
  Info info() const override {
    return {"checkpoint", "Ask a running job to write a checkpoint now",
            "kurctl checkpoint cifar-7"};
  }

  void Declare(Arguments& arguments) override { AddJobArgument(arguments, &job_); }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    v1::CheckpointJobRequest request;
    request.set_name(job_);
    KUR_RETURN_IF_ERROR(connection->Call(&v1::Jobs::Stub::CheckpointJob, request).status());
    context.out.WriteLine(
        absl::StrCat("checkpoint of ", job_,
                     " requested; if its Kurfile has train.checkpoint, the file will be in "
                     "`kurctl checkpoints ",
                     job_, "`"));
    return ExitCode::kOk;
  }

 private:
  std::string job_;
};

}  // namespace

std::unique_ptr<Command> MakeCheckpointCommand() { return std::make_unique<CheckpointCommand>(); }

}  // namespace kur::client
