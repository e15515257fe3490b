#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/event_follower.h"
#include "client/output/data_text.h"
#include "client/output/format.h"
#include "client/output/job_progress.h"
#include "client/output/live_area.h"
#include "client/output/text.h"
#include "client/submitter.h"
#include "engine/base/status.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(100);
// The limit of the server.
constexpr int64_t kMaxSamples = 20;

// Shows the events of a job that inspects data as they arrive. Not thread-safe.
class DataInspection {
 public:
  DataInspection(Context& context, SubmittedJob& submitted, OutputFormat format)
      : context_(context),
        submitted_(submitted),
        format_(format),
        progress_(context.err, submitted.job.name()),
        live_(context.err, context.clock) {}

  absl::StatusOr<ExitCode> Run() {
    EventFollower::Options options;
    options.job = submitted_.job.name();
    options.on_connection_change = [this](const std::string& text) {
      live_.Print(absl::StrCat("kurctl: ", text));
    };
    EventFollower follower(*submitted_.connection, context_.clock, std::move(options));
    while (true) {
      if (context_.interrupted) return Cancel();
      v1::Event event;
      KUR_ASSIGN_OR_RETURN(const auto step, follower.Next(&event, kPollInterval));
      if (step == EventFollower::Step::kEnd) break;
      if (step == EventFollower::Step::kEvent) HandleEvent(event);
      if (live_.IsDue()) live_.Update(progress_.Lines(context_.clock.Now()));
    }
    live_.Clear();
    if (IsStructured(format_)) context_.out.Write(RenderStructured(format_, sets_));
    if (!HasSucceeded(progress_.state())) return ExitCodeOf(progress_.state());
    return has_errors_ ? ExitCode::kError : ExitCode::kOk;
  }

 private:
  void HandleEvent(const v1::Event& event) {
    progress_.Add(event);
    if (event.has_data_inspected()) {
      Show(event.data_inspected());
    } else if (event.has_log_line()) {
      const bool warning = event.log_line().level() == v1::LogLine::LEVEL_WARNING;
      live_.Print(
          absl::StrCat(warning ? context_.err.Styled(Style::kYellow, "warning: ") : std::string(),
                       Printable(event.log_line().text())));
    } else if (HasFailed(event.state_changed().state())) {
      live_.Print(absl::StrCat(context_.err.Styled(Style::kRed, "error:"), " ",
                               Printable(event.state_changed().reason())));
    }
  }

  void Show(const v1::DataInspected& data) {
    has_errors_ = has_errors_ || HasErrors(data);
    if (IsStructured(format_)) {
      sets_.push_back(ToJson(data));
      return;
    }
    live_.Clear();
    context_.out.Write(absl::StrCat(shown_++ > 0 ? "\n" : "", RenderData(data, context_.out)));
  }

  // Cancels the job: nobody would come back for its events.
  absl::StatusOr<ExitCode> Cancel() {
    live_.Clear();
    v1::CancelJobRequest request;
    request.set_name(submitted_.job.name());
    KUR_RETURN_IF_ERROR(submitted_.connection->Call(&v1::Jobs::Stub::CancelJob, request).status());
    return ExitCode::kInterrupted;
  }

  Context& context_;
  SubmittedJob& submitted_;
  const OutputFormat format_;
  JobProgress progress_;
  LiveArea live_;
  Json sets_ = Json::array();
  int shown_ = 0;
  bool has_errors_ = false;
};

class DataCommand : public Command {
 public:
  Info info() const override {
    return {"data", "Look at the data of a Kurfile from where the server is",
            "kurctl data cifar.yml\n"
            "kurctl data cifar.yml --section train -n 10"};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("FILE", &options_.kurfile, "The Kurfile");
    arguments.Choice(
        "--section", "NAME", {"train", "validate", "test", "evaluate"},
        [this](size_t index) {
          constexpr const char* kSections[] = {"train", "validate", "test", "evaluate"};
          options_.inspection.set_section(kSections[index]);
        },
        "Only the data of this section; default: of all that there are");
    arguments.Number("-n,--samples", "N", &samples_, "Samples to show of each set; default: 5");
    arguments.Option("--project", "NAME", &options_.project,
                     "The workspace on the server, default: the name of the Kurfile's folder");
    AddOverrideOption(arguments, &options_.overrides);
    AddOutputOption(arguments, &format_, {"table", "json", "yaml"});
    arguments.AddNote(
        "Reads all samples, so figures are exact. It is a job that takes no device, so it does "
        "not\n"
        "wait for training; Ctrl-C ends it. What is wrong with the data, by itself or for the "
        "model\n"
        "and its losses, is listed at the end. Ends with 1 if there are errors, 3 if the job "
        "failed.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    if (samples_ > kMaxSamples) {
      return UsageError(absl::StrCat("-n is at most ", kMaxSamples, ", not ", samples_));
    }
    options_.mode = Mode::kInspect;
    options_.inspection.set_samples(static_cast<int32_t>(samples_));
    KUR_ASSIGN_OR_RETURN(SubmittedJob submitted, SubmitKurfile(context, options_, false));
    context.catch_interrupts();
    return DataInspection(context, submitted, format_).Run();
  }

 private:
  SubmissionOptions options_;
  int64_t samples_ = 5;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeDataCommand() { return std::make_unique<DataCommand>(); }

}  // namespace kur::client
