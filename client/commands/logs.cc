#include "client/commands/commands.h"
#include "client/commands/read_events.h"
#include "client/output/event_formatter.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class LogsCommand : public Command {
 public:
  Info info() const override {
    return {"logs", "Print what a job has said: states, results, log lines",
            "kurctl logs cifar-7\n"
            "kurctl logs -f cifar-7"};
  }

  void Declare(Arguments& arguments) override {
    AddJobArgument(arguments, &job_);
    arguments.Flag("-f,--follow", &follow_, "Stay until the job has ended");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    KUR_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*connection, job_));
    EventFormatter formatter(context.out, {absl::InfiniteDuration(), context.zone});
    KUR_RETURN_IF_ERROR(
        ReadEvents(context, *connection, {job.name(), 1, follow_}, [&](const v1::Event& event) {
          if (const auto line = formatter.Format(event)) {
            context.out.WriteLine(*line);
          }
        }));
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  bool follow_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeLogsCommand() { return std::make_unique<LogsCommand>(); }

}  // namespace kur::client
