#include "client/output/event_formatter.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/output/format.h"
#include "client/output/metrics_text.h"
#include "client/output/text.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

std::string SpeedText(int64_t samples, double seconds) {
  std::string text = absl::StrCat(HumanCount(samples), " samples");
  if (seconds > 0) {
    absl::StrAppend(&text, " in ", HumanDuration(absl::Seconds(seconds)), " (",
                    HumanRate(static_cast<double>(samples) / seconds), "/s)");
  }
  return text;
}

}  // namespace

std::optional<std::string> EventFormatter::Format(const v1::Event& event) {
  const absl::Time time = TimeOf(event.time());
  std::string text;
  switch (event.kind_case()) {
    case v1::Event::kStateChanged:
      text = Describe(event.state_changed());
      break;
    case v1::Event::kStarted:
      text = Describe(event.started());
      break;
    case v1::Event::kEpochStarted:
      epoch_ = event.epoch_started();
      break;
    case v1::Event::kBatchLosses:
      text = Describe(event.batch_losses(), time);
      break;
    case v1::Event::kEpochFinished:
      last_progress_ = time;
      text = Describe(event.epoch_finished());
      break;
    case v1::Event::kMeasured:
      text = Describe(event.measured());
      break;
    case v1::Event::kArtifactWritten:
      text = Describe(event.artifact_written());
      break;
    case v1::Event::kLogLine:
      text = Describe(event.log_line());
      break;
    case v1::Event::kDataInspected:
      text = Describe(event.data_inspected());
      break;
    case v1::Event::kCommandDone:
      text = Describe(event.command_done());
      break;
    case v1::Event::kDownloadProgress:
    case v1::Event::kPassProgress:
    case v1::Event::kSaved:
    case v1::Event::kPacked:
    case v1::Event::KIND_NOT_SET:
      break;
  }
  if (text.empty()) return std::nullopt;
  const std::string clock = absl::FormatTime("%H:%M:%S", time, options_.zone);
  return absl::StrCat(terminal_.Styled(Style::kDim, clock), " ", text);
}

std::string EventFormatter::Describe(const v1::StateChanged& change) const {
  std::string text =
      terminal_.Styled(StyleOf(change.state()), std::string(StateName(change.state())));
  if (!change.devices().empty()) {
    absl::StrAppend(&text, " on ", Printable(absl::StrJoin(change.devices(), ", ")));
  }
  if (change.attempt() > 1) absl::StrAppend(&text, ", attempt ", change.attempt());
  if (!change.reason().empty()) absl::StrAppend(&text, ": ", Printable(change.reason()));
  return text;
}

std::string EventFormatter::Describe(const v1::Started& started) const {
  std::string text = absl::StrCat("started on ", Printable(started.device()), ": ",
                                  HumanCount(started.layers()), " layers");
  // A job that inspects data has neither parameters nor samples.
  if (started.parameters() > 0) {
    absl::StrAppend(&text, ", ", HumanCount(started.parameters()), " parameters");
  }
  if (started.samples() > 0) {
    absl::StrAppend(&text, ", ", HumanCount(started.samples()), " samples");
  }
  if (started.resumed_at_batch() > 0) {
    absl::StrAppend(&text, "; goes on after batch ", HumanCount(started.resumed_at_batch()));
  }
  return text;
}

std::string EventFormatter::Describe(const v1::EpochFinished& epoch) {
  std::string text =
      absl::StrCat(terminal_.Styled(Style::kBold, EpochLabel(epoch.epoch())), "  loss ",
                   HumanNumber(epoch.loss()), "  ", SpeedText(epoch.samples(), epoch.seconds()));
  constexpr double kMinShareToShow = 0.02;
  if (epoch.data_seconds() > kMinShareToShow * epoch.seconds()) {
    absl::StrAppendFormat(&text, "  waited %.0f %% for data",
                          100 * epoch.data_seconds() / epoch.seconds());
  }
  // Only a schedule changes the learning rate.
  if (learning_rate_ != 0 && epoch.learning_rate() != learning_rate_) {
    absl::StrAppend(&text, "  learning rate ", HumanNumber(epoch.learning_rate()));
  }
  learning_rate_ = epoch.learning_rate();
  return text;
}

std::string EventFormatter::Describe(const v1::Measured& measured) const {
  std::string name = Printable(measured.section());
  if (!measured.set().empty()) absl::StrAppend(&name, " ", Printable(measured.set()));
  return absl::StrCat(terminal_.Styled(Style::kBold, name), "  ", MeasurementText(measured), "  ",
                      SpeedText(measured.samples(), measured.seconds()));
}

std::string EventFormatter::Describe(const v1::Artifact& artifact) const {
  std::string text =
      absl::StrCat("wrote ", Printable(artifact.path()), " (", HumanBytes(artifact.size()), ")");
  if (!artifact.description().empty()) {
    absl::StrAppend(&text, ": ", Printable(artifact.description()));
  }
  return text;
}

std::string EventFormatter::Describe(const v1::DataInspected& data) const {
  std::string name = Printable(data.section());
  if (!data.set().empty()) absl::StrAppend(&name, " ", Printable(data.set()));
  std::string text =
      absl::StrCat(terminal_.Styled(Style::kBold, name), "  ", HumanCount(data.samples()),
                   " samples of ", HumanCount(data.sources_size()), " sources");
  for (const v1::LogLine& finding : data.findings()) {
    absl::StrAppend(&text, "\n         ", Describe(finding));
  }
  return text;
}

std::string EventFormatter::Describe(const v1::CommandDone& done) const {
  // What was done shows itself: a checkpoint as a file that was written.
  if (done.code() == 0) return "";
  return absl::StrCat(terminal_.Styled(Style::kYellow, "warning:"),
                      " what was asked for was not done: ", Printable(done.message()));
}

std::string EventFormatter::Describe(const v1::LogLine& line) const {
  switch (line.level()) {
    case v1::LogLine::LEVEL_WARNING:
      return absl::StrCat(terminal_.Styled(Style::kYellow, "warning:"), " ",
                          Printable(line.text()));
    case v1::LogLine::LEVEL_ERROR:
      return absl::StrCat(terminal_.Styled(Style::kRed, "error:"), " ", Printable(line.text()));
    default:
      return Printable(line.text());
  }
}

std::string EventFormatter::Describe(const v1::BatchLosses& batches, absl::Time time) {
  if (time - last_progress_ < options_.progress_interval) return "";
  // The interval begins with the first batch.
  const bool first = last_progress_ == absl::InfinitePast();
  last_progress_ = time;
  if (first) return "";
  std::string text = EpochLabel(batches.epoch());
  if (epoch_.samples() > 0) {
    absl::StrAppend(&text, " at ",
                    HumanPercent(static_cast<double>(batches.samples()) /
                                 static_cast<double>(epoch_.samples())));
  }
  return absl::StrCat(text, "  loss ", HumanNumber(batches.mean_loss()), "  ",
                      HumanRate(batches.samples_per_second()), " samples/s");
}

std::string EventFormatter::EpochLabel(int64_t epoch) const {
  std::string label = absl::StrCat("epoch ", epoch);
  if (epoch_.last_epoch() > 0) absl::StrAppend(&label, "/", epoch_.last_epoch());
  return label;
}

std::string MeasurementText(const v1::Measured& measured) {
  std::string text = absl::StrCat("loss ", HumanNumber(measured.loss()));
  const std::map<std::string, double> metrics(measured.metrics().begin(), measured.metrics().end());
  for (const std::string& part : MetricsText(metrics)) absl::StrAppend(&text, "  ", part);
  return text;
}

Style StyleOf(v1::JobState state) {
  if (HasWorker(state)) return Style::kBlue;
  if (HasSucceeded(state)) return Style::kGreen;
  if (HasFailed(state)) return Style::kRed;
  return WasCancelled(state) ? Style::kYellow : Style::kPlain;
}

}  // namespace kur::client
