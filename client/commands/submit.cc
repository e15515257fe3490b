#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/job_follower.h"
#include "client/output/text.h"
#include "client/submitter.h"
#include "engine/base/status.h"
#include "engine/value/literal_secret.h"

namespace kur::client {
namespace {

// Says where the job takes secrets: a Kurfile that someone else has written may send them anywhere.
void ReportSecrets(Context& context, const v1::Job& job) {
  for (const v1::SecretUse& use : job.secrets()) {
    const std::string what =
        use.url().empty() ? "as the address of a request"
                          : absl::StrCat("to log in at ", Printable(MaskLiteralSecrets(use.url())));
    context.err.WriteLine(absl::StrCat("note: it uses your secret ", use.name(), " ", what));
  }
}

class SubmitCommand : public Command {
 public:
  Info info() const override {
    return {"submit", "Submit a Kurfile as a job",
            "kurctl submit cifar.yml\n"
            "kurctl submit cifar.yml --set train.stop_when.epochs=3 --follow --fetch results"};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("FILE", &options_.kurfile, "The Kurfile");
    arguments.Option("--mode", "MODE", &mode_, "What to do: train (default), test or evaluate");
    arguments.Option("--name", "NAME", &options_.name,
                     "The beginning of the job's name, default: the Kurfile's");
    arguments.Option("--project", "NAME", &options_.project,
                     "The workspace on the server, default: the name of the Kurfile's folder");
    AddOverrideOption(arguments, &options_.overrides);
    arguments.Flag("--upload-weights", &options_.upload_weights,
                   "Send weights that are here; otherwise those of the project's workspace count");
    arguments.Option("--max-restarts", "N", &max_restarts_,
                     "How often to start the job again after its worker was killed or hung, 0: "
                     "never; default: the server's, usually 16");
    arguments.Flag("--dry-run", &dry_run_, "Check everything, here and on the server; make no job");
    arguments.Flag("-f,--follow", &follow_, "Watch the job until it ends, as `kurctl watch` does");
    arguments.Option("--fetch", "DIR", &fetch_,
                     "With --follow: download what the job writes to this folder");
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_RETURN_IF_ERROR(CheckUsage());
    KUR_ASSIGN_OR_RETURN(const SubmittedJob submitted, SubmitKurfile(context, options_, dry_run_));
    Report(context, submitted.job);
    if (!follow_) return ExitCode::kOk;
    return FollowJob(context, *submitted.connection, {submitted.job.name(), fetch_});
  }

 private:
  absl::Status CheckUsage() {
    const Mode modes[] = {Mode::kTrain, Mode::kTest, Mode::kEvaluate};
    const auto* const mode = std::find_if(std::begin(modes), std::end(modes),
                                          [&](Mode m) { return kur::ToString(m) == mode_; });
    if (mode == std::end(modes)) {
      return UsageError(absl::StrCat("--mode is train, test or evaluate, not '", mode_, "'"));
    }
    options_.mode = *mode;
    if (!max_restarts_.empty()) {
      int32_t number = 0;
      if (!absl::SimpleAtoi(max_restarts_, &number) || number < 0) {
        return UsageError(
            absl::StrCat("--max-restarts is a whole number from 0, not '", max_restarts_, "'"));
      }
      options_.max_restarts = number;
    }
    if (follow_ && dry_run_)
      return UsageError("--dry-run submits nothing that --follow could watch");
    if (!fetch_.empty() && !follow_) return UsageError("--fetch needs --follow");
    return absl::OkStatus();
  }

  void Report(Context& context, const v1::Job& job) const {
    ReportSecrets(context, job);
    if (format_ == OutputFormat::kName) {
      context.out.WriteLine(job.name());
    } else if (IsStructured(format_)) {
      context.out.Write(RenderStructured(format_, ToJson(job)));
    } else if (dry_run_) {
      context.out.WriteLine(absl::StrCat(options_.kurfile, " is fine; nothing was submitted"));
    } else {
      context.out.WriteLine(absl::StrCat("job ", job.name(), " submitted"));
    }
  }

  SubmissionOptions options_;
  std::string mode_ = "train";
  std::string max_restarts_;
  bool dry_run_ = false;
  bool follow_ = false;
  std::string fetch_;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeSubmitCommand() { return std::make_unique<SubmitCommand>(); }

}  // namespace kur::client
