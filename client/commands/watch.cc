#include "client/commands/commands.h"
#include "client/job_follower.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class WatchCommand : public Command {
 public:
  Info info() const override {
    return {"watch", "Watch a job until it ends: progress, losses, validation",
            "kurctl watch cifar-7\n"
            "kurctl watch cifar-7 --fetch results"};
  }

  void Declare(Arguments& arguments) override {
    AddJobArgument(arguments, &job_);
    arguments.Option("--fetch", "DIR", &fetch_,
                     "Download what the job writes to this folder, as it appears");
    arguments.AddNote(
        "Ctrl-C ends the watching, not the job. Ends with 0 if the job succeeded, 3 if it\n"
        "failed, 4 if it was cancelled.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    KUR_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*connection, job_));
    return FollowJob(context, *connection, {job.name(), fetch_});
  }

 private:
  std::string job_;
  std::string fetch_;
};

}  // namespace

std::unique_ptr<Command> MakeWatchCommand() { return std::make_unique<WatchCommand>(); }

}  // namespace kur::client
