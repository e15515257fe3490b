#include "client/commands/commands.h"
#include "client/commands/read_events.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class EventsCommand : public Command {
 public:
  Info info() const override {
    return {"events", "Print the events of a job as JSON, one a line",
            "kurctl events cifar-7 | jq .batch_losses\n"
            "kurctl events cifar-7 --from 1200 -f"};
  }

  void Declare(Arguments& arguments) override {
    AddJobArgument(arguments, &job_);
    arguments.Number("--from", "N", &from_, "The number of the first event, default: 1");
    arguments.Flag("-f,--follow", &follow_, "Stay until the job has ended");
    arguments.AddNote(
        "Events of short epochs are stored together and have one number: a script that goes on\n"
        "after number N takes --from N and leaves out what it has.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    KUR_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*connection, job_));
    KUR_RETURN_IF_ERROR(
        ReadEvents(context, *connection, {job.name(), from_, follow_},
                   [&](const v1::Event& event) { context.out.WriteLine(ToJsonLine(event)); }));
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  int64_t from_ = 1;
  bool follow_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeEventsCommand() { return std::make_unique<EventsCommand>(); }

}  // namespace kur::client
