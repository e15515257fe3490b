#include "client/output/job_view.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/event_formatter.h"
#include "client/output/format.h"
#include "client/output/metrics_text.h"
#include "client/output/table.h"
#include "client/output/text.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

using Align = Table::Align;

std::string EpochText(const v1::Job& job) {
  if (!job.has_progress() || job.progress().epoch() == 0) return "";
  const v1::Progress& progress = job.progress();
  if (progress.last_epoch() == 0) return absl::StrCat(progress.epoch());
  return absl::StrCat(progress.epoch(), "/", progress.last_epoch());
}

// Returns the time since the start, or to the end; "" before the start.
std::string DurationText(const v1::Job& job, absl::Time now) {
  if (job.has_elapsed()) {
    return HumanDuration(absl::Seconds(job.elapsed().seconds()) +
                         absl::Nanoseconds(job.elapsed().nanos()));
  }
  // A server of before says nothing else.
  if (!job.has_started_at()) return "";
  const absl::Time end = job.has_finished_at() ? TimeOf(job.finished_at()) : now;
  return HumanDuration(end - TimeOf(job.started_at()));
}

std::string AttemptsText(const v1::Job& job) {
  if (job.restarts() == 0) return absl::StrCat(job.attempts());
  return absl::StrCat(job.attempts(), " (", job.restarts(), " of at most ", job.max_restarts(),
                      " restarts after a worker was killed)");
}

std::string LossText(const v1::Job& job) {
  const bool known = job.has_progress() && job.progress().has_loss();
  return known ? HumanNumber(job.progress().loss()) : "";
}

std::string ValidationText(const v1::Job& job) {
  const bool validated = job.has_progress() && job.progress().has_validation_loss();
  return validated ? HumanNumber(job.progress().validation_loss()) : "";
}

std::string SpeedText(const v1::Job& job) {
  if (!IsAtWork(job.state()) || job.progress().samples_per_second() <= 0) return "";
  return absl::StrCat(HumanRate(job.progress().samples_per_second()), "/s");
}

// Renders lines of "Label:   text". Not thread-safe.
class FieldList {
 public:
  explicit FieldList(const Terminal& terminal) : terminal_(terminal) {}

  // Adds nothing if `text` is empty.
  void Add(absl::string_view label, const std::string& text) {
    if (!text.empty()) AddStyled(label, Printable(text));
  }
  void AddStyled(absl::string_view label, const std::string& text) {
    constexpr size_t kLabelWidth = 13;
    const std::string name = absl::StrCat(label, ":");
    absl::StrAppend(&out_, terminal_.Styled(Style::kDim, name),
                    std::string(kLabelWidth - name.size(), ' '), text, "\n");
  }
  std::string out() { return std::move(out_); }

 private:
  const Terminal& terminal_;
  std::string out_;
};

std::string TimeText(const google::protobuf::Timestamp& timestamp, absl::Time now,
                     absl::TimeZone zone) {
  const absl::Time time = TimeOf(timestamp);
  return absl::StrCat(HumanTime(time, zone), " (", HumanDuration(now - time), " ago)");
}

std::string ProgressText(const v1::Progress& progress) {
  std::vector<std::string> parts;
  if (progress.epoch() > 0) {
    std::string epoch = absl::StrCat("epoch ", progress.epoch());
    if (progress.last_epoch() > 0) absl::StrAppend(&epoch, " of ", progress.last_epoch());
    parts.push_back(std::move(epoch));
  }
  if (progress.batch() > 0) {
    std::string batch = absl::StrCat("batch ", HumanCount(progress.batch()));
    if (progress.batches() > 0) absl::StrAppend(&batch, " of ", HumanCount(progress.batches()));
    parts.push_back(std::move(batch));
  }
  if (progress.samples_per_second() > 0) {
    parts.push_back(absl::StrCat(HumanRate(progress.samples_per_second()), " samples/s"));
  }
  return absl::StrJoin(parts, ", ");
}

void AddProgress(const v1::Job& job, FieldList* fields) {
  if (!job.has_progress()) return;
  const v1::Progress& progress = job.progress();
  fields->Add("Progress", ProgressText(progress));
  fields->Add("Loss", LossText(job));
  std::string validation;
  if (progress.has_validation_loss()) {
    validation = absl::StrCat("loss ", HumanNumber(progress.validation_loss()));
  }
  const std::map<std::string, double> metrics(progress.validation_metrics().begin(),
                                              progress.validation_metrics().end());
  for (const std::string& part : MetricsText(metrics)) {
    absl::StrAppend(&validation, validation.empty() ? "" : ", ", part);
  }
  fields->Add("Validation", validation);
}

// Returns the names of the job's secrets, each once.
std::string SecretsText(const v1::Job& job) {
  std::set<std::string> names;
  for (const v1::SecretUse& use : job.secrets()) names.insert(use.name());
  return absl::StrJoin(names, ", ");
}

std::string Indent(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (std::exchange(line_start, c == '\n')) out += "  ";
    out += c;
  }
  return out;
}

}  // namespace

std::string RenderJobTable(const std::vector<v1::Job>& jobs, bool wide, absl::Time now,
                           const Terminal& terminal) {
  std::vector<Table::Column> columns = {{"NAME"},
                                        {"STATE"},
                                        {"MODE"},
                                        {"PROJECT"},
                                        {"EPOCH", Align::kRight},
                                        {"LOSS", Align::kRight},
                                        {"VALIDATION", Align::kRight},
                                        {"AGE", Align::kRight},
                                        {"DURATION", Align::kRight}};
  if (wide) {
    columns.insert(columns.end(), {{"SPEED", Align::kRight}, {"OWNER"}, {"DEVICES"}, {"REASON"}});
  }
  Table table(columns);
  for (const v1::Job& job : jobs) {
    std::vector<Table::Cell> row = {job.name(),
                                    {std::string(StateName(job.state())), StyleOf(job.state())},
                                    ModeName(job.mode()),
                                    job.project(),
                                    EpochText(job),
                                    LossText(job),
                                    ValidationText(job),
                                    HumanDuration(now - TimeOf(job.submitted_at())),
                                    DurationText(job, now)};
    if (wide) {
      row.insert(row.end(),
                 {Table::Cell(SpeedText(job)), Table::Cell(job.owner()),
                  Table::Cell(absl::StrJoin(job.devices(), ",")), Table::Cell(job.reason())});
    }
    table.Add(std::move(row));
  }
  return table.Render(terminal);
}

std::string RenderJob(const v1::Job& job, const std::vector<v1::Artifact>& artifacts,
                      absl::Time now, absl::TimeZone zone, const Terminal& terminal) {
  FieldList fields(terminal);
  fields.Add("Name", job.name());
  fields.AddStyled("State",
                   terminal.Styled(StyleOf(job.state()), std::string(StateName(job.state()))));
  fields.Add("Reason", job.reason());
  fields.Add("Mode", ModeName(job.mode()));
  fields.Add("Kurfile", job.kurfile());
  fields.Add("Overrides", absl::StrJoin(job.overrides(), ", "));
  fields.Add("Secrets", SecretsText(job));
  fields.Add("Project", job.project());
  fields.Add("Owner", job.owner());
  fields.Add("Devices", absl::StrJoin(job.devices(), ", "));
  fields.Add("Seed", absl::StrCat(job.seed()));
  if (job.attempts() > 1) fields.Add("Attempts", AttemptsText(job));
  if (job.worker_pid() > 0) fields.Add("Worker", absl::StrCat("process ", job.worker_pid()));
  fields.Add("Submitted", TimeText(job.submitted_at(), now, zone));
  if (job.has_started_at()) fields.Add("Started", TimeText(job.started_at(), now, zone));
  if (job.has_finished_at()) fields.Add("Finished", TimeText(job.finished_at(), now, zone));
  fields.Add("Duration", DurationText(job, now));
  AddProgress(job, &fields);
  std::string out = fields.out();
  if (!job.inputs().empty()) {
    Table inputs({{"INPUT"}, {"SIZE", Align::kRight}, {"SHA-256"}});
    for (const v1::Input& input : job.inputs()) {
      inputs.Add({input.path(), HumanBytes(input.size()), input.sha256().substr(0, 12)});
    }
    absl::StrAppend(&out, "Inputs:\n", Indent(inputs.Render(terminal)));
  }
  if (!artifacts.empty()) {
    absl::StrAppend(&out, "Artifacts:\n",
                    Indent(RenderArtifactTable(artifacts, /*wide=*/false, now, terminal)));
  }
  return out;
}

std::string RenderArtifactTable(const std::vector<v1::Artifact>& artifacts, bool wide,
                                absl::Time now, const Terminal& terminal) {
  std::vector<Table::Column> columns = {
      {"PATH"}, {"KIND"}, {"SIZE", Align::kRight}, {"EPOCH", Align::kRight}};
  if (wide) columns.insert(columns.end(), {{"BATCH", Align::kRight}, {"SHA-256"}});
  columns.insert(columns.end(), {{"AGE", Align::kRight}, {"DESCRIPTION"}});
  Table table(columns);
  for (const v1::Artifact& artifact : artifacts) {
    std::vector<Table::Cell> row = {artifact.path(), KindName(artifact.kind()),
                                    HumanBytes(artifact.size()), absl::StrCat(artifact.epoch())};
    if (wide) {
      row.insert(row.end(),
                 {Table::Cell(HumanCount(artifact.batch())), Table::Cell(artifact.sha256())});
    }
    row.emplace_back(HumanDuration(now - TimeOf(artifact.written_at())));
    row.emplace_back(artifact.description());
    table.Add(std::move(row));
  }
  return table.Render(terminal);
}

}  // namespace kur::client
