#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/local_daemon.h"
#include "engine/base/status.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

constexpr absl::Duration kStopTimeout = absl::Seconds(30);

class DownCommand : public Command {
 public:
  Info info() const override {
    return {"down",
            "Stop the kurd that `kurctl up` started; its jobs train on",
            "kurctl down",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Option("--state-dir", "DIR", &state_directory_,
                     "Its state directory, default: $KUR_STATE_DIR or ~/.local/share/kurd");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const std::string state,
                         LocalStateDirectory(state_directory_, context.environment));
    LocalDaemon daemon(state, context.clock);
    const int64_t running = CountRunning(daemon);
    const absl::Status stopped = daemon.Stop(kStopTimeout);
    if (absl::IsNotFound(stopped)) {
      context.out.WriteLine(absl::StrCat("kurd is not running (state in ", state, ")"));
      return ExitCode::kOk;
    }
    KUR_RETURN_IF_ERROR(stopped);
    context.out.WriteLine("kurd is down");
    if (running > 0) {
      context.out.WriteLine(absl::StrCat(running, running == 1 ? " job goes" : " jobs go",
                                         " on training; `kurctl up` takes over again"));
    }
    return ExitCode::kOk;
  }

 private:
  // Returns 0 if kurd does not answer.
  static int64_t CountRunning(const LocalDaemon& daemon) {
    const auto connection = daemon.Connect();
    if (!connection.ok()) return 0;
    v1::ListJobsRequest request;
    for (const v1::JobState state : StatesWhere(HasWorker)) request.add_states(state);
    request.set_page_size(1000);
    const auto response = (*connection)->Call(&v1::Jobs::Stub::ListJobs, request, absl::Seconds(5));
    return response.ok() ? response->jobs_size() : 0;
  }

  std::string state_directory_;
};

}  // namespace

std::unique_ptr<Command> MakeDownCommand() { return std::make_unique<DownCommand>(); }

}  // namespace kur::client
