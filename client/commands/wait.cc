#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/backoff.h"
#include "client/commands/commands.h"
#include "client/output/format.h"
#include "client/output/text.h"
#include "engine/base/status.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(1);

class WaitCommand : public Command {
 public:
  Info info() const override {
    return {"wait", "Wait until jobs have ended", "kurctl wait cifar-7 mnist-3 --timeout 3600"};
  }

  void Declare(Arguments& arguments) override {
    AddJobsArgument(arguments, &jobs_);
    arguments.Number("--timeout", "SECONDS", &timeout_, "Give up after this time");
    arguments.AddNote(
        "Ends with 0 if all jobs succeeded, 3 if one failed, 4 if one was cancelled, 1 when\n"
        "the time is over.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    const absl::Time end =
        timeout_ > 0 ? context.clock.Now() + absl::Seconds(timeout_) : absl::InfiniteFuture();
    // Resolves all names first, so that a wrong name is reported at once.
    std::vector<std::string> names;
    for (const std::string& name : jobs_) {
      KUR_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*connection, name));
      names.push_back(job.name());
    }
    ExitCode result = ExitCode::kOk;
    for (const std::string& name : names) {
      KUR_ASSIGN_OR_RETURN(const v1::Job job, WaitForEnd(context, *connection, name, end));
      context.out.WriteLine(Summary(job));
      const ExitCode code = ExitCodeOf(job.state());
      if (code == ExitCode::kJobFailed || result == ExitCode::kOk) result = code;
    }
    return result;
  }

 private:
  static std::string Summary(const v1::Job& job) {
    const std::string reason = job.reason().empty() ? "" : ": " + Printable(job.reason());
    return absl::StrCat("job ", job.name(), " ", StateName(job.state()), reason);
  }

  // Polls until the job has ended, across restarts of kurd.
  static absl::StatusOr<v1::Job> WaitForEnd(Context& context, Connection& connection,
                                            const std::string& name, absl::Time end) {
    Backoff backoff(kRetryTimeout);
    absl::Duration pause = kFirstPause;
    while (true) {
      auto job = GetJob(connection, name);
      if (job.ok() && IsFinal(job->state())) return job;
      if (!job.ok() && !IsTransient(job.status())) return job;
      if (context.clock.Now() >= end) {
        return absl::DeadlineExceededError(absl::StrCat(name, " has not ended in time"));
      }
      if (job.ok()) {
        backoff.Reset();
        pause = std::min(pause * 2, kLongestPause);
      } else {
        pause = backoff.NextDelay(context.clock.Now());
        if (pause == absl::InfiniteDuration()) return job;
      }
      context.clock.SleepFor(std::min(pause, end - context.clock.Now()));
    }
  }

  std::vector<std::string> jobs_;
  int64_t timeout_ = 0;  // seconds; 0: none
};

}  // namespace

std::unique_ptr<Command> MakeWaitCommand() { return std::make_unique<WaitCommand>(); }

}  // namespace kur::client
