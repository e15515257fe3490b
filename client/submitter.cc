#include "client/submitter.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "client/backoff.h"
#include "client/output/diagnostics.h"
#include "client/output/text.h"
#include "client/output/transfer_meter.h"
#include "client/transfer/uploader.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

constexpr absl::Duration kSubmitRetryTimeout = absl::Seconds(30);

// Adds to the error of a submission without an answer what that means.
absl::Status WithDoubt(const absl::Status& status) {
  absl::Status doubtful(
      status.code(),
      absl::StrCat(status.message(),
                   "; the job may have been accepted all the same: look with `kurctl list` before "
                   "you submit it again, because that would be a second job"));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    doubtful.SetPayload(type_url, payload);
  });
  return doubtful;
}

// Sends the request until the server answers. The request id makes repetitions one job.
absl::StatusOr<v1::Job> Send(Context& context, Connection& connection,
                             v1::SubmitJobRequest request) {
  request.set_request_id(NewRequestId());
  Backoff backoff(kSubmitRetryTimeout);
  while (true) {
    auto job = connection.Call(&v1::Jobs::Stub::SubmitJob, request);
    const bool is_transient = IsTransient(job.status());
    if (!is_transient && !absl::IsDeadlineExceeded(job.status())) return job;
    const absl::Duration pause =
        is_transient ? backoff.NextDelay(context.clock.Now()) : absl::InfiniteDuration();
    if (pause == absl::InfiniteDuration()) {
      return request.validate_only() ? job.status() : WithDoubt(job.status());
    }
    context.clock.SleepFor(pause);
  }
}

}  // namespace

absl::StatusOr<SubmittedJob> SubmitKurfile(Context& context, SubmissionOptions options,
                                           bool validate_only) {
  TransferMeter meter(context.err, context.clock);
  options.on_hash = [&meter](const std::string& path) {
    meter.ShowText(absl::StrCat("reading ", Printable(path)));
  };
  if (options.project.empty()) {
    KUR_ASSIGN_OR_RETURN(const Settings settings,
                         ResolveSettings(context.flags, context.environment));
    options.project = settings.project;
  }
  KUR_ASSIGN_OR_RETURN(Submission submission, PrepareSubmission(options));
  meter.Clear();
  DiagnosticPrinter printer(context.err, DiagnosticPrinter::ReadLocalFile);
  context.err.Write(printer.RenderAll(submission.warnings));
  SubmittedJob submitted;
  KUR_ASSIGN_OR_RETURN(submitted.connection, context.Connect());
  // With validate_only too: the server reads the files, and keeps them for the submission itself.
  Uploader uploader(*submitted.connection, context.clock,
                    [&](const Transfer& transfer) { meter.Show(transfer); });
  KUR_RETURN_IF_ERROR(uploader.UploadMissing(submission.files));
  meter.Clear();
  submission.request.set_validate_only(validate_only);
  auto job = Send(context, *submitted.connection, submission.request);
  if (!job.ok()) return WithLocalNames(job.status(), submission);
  submitted.job = *std::move(job);
  return submitted;
}

}  // namespace kur::client
