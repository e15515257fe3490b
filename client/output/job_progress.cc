#include "client/output/job_progress.h"

#include "absl/strings/str_cat.h"
#include "client/output/event_formatter.h"
#include "client/output/format.h"
#include "client/output/live_area.h"
#include "client/output/text.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

constexpr int kBarWidth = 24;

double Fraction(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

}  // namespace

void JobProgress::Add(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kStateChanged:
      state_ = event.state_changed().state();
      state_since_ = TimeOf(event.time());
      reason_ = event.state_changed().reason();
      epoch_.reset();
      pass_.reset();
      download_.reset();
      break;
    case v1::Event::kEpochStarted:
      epoch_ = event.epoch_started();
      batches_.Clear();
      break;
    case v1::Event::kBatchLosses:
      batches_ = event.batch_losses();
      // Only the mean of the losses is shown.
      batches_.clear_losses();
      batches_.clear_sizes();
      break;
    case v1::Event::kEpochFinished:
      epoch_.reset();
      break;
    case v1::Event::kDownloadProgress:
      download_ = event.download_progress();
      break;
    case v1::Event::kLogLine:
      // A log line reports the end of a download.
      download_.reset();
      break;
    case v1::Event::kPassProgress:
      pass_ = event.pass_progress();
      break;
    case v1::Event::kMeasured:
      pass_.reset();
      validation_ = event.measured();
      break;
    default:
      break;
  }
}

std::vector<std::string> JobProgress::Lines(absl::Time now) const {
  if (IsFinal(state_)) return {};
  std::vector<std::string> lines;
  if (epoch_.has_value()) lines.push_back(EpochLine());
  if (pass_.has_value()) {
    lines.push_back(PassLine());
  } else if (epoch_.has_value() && validation_.has_value()) {
    lines.push_back(terminal_.Styled(
        Style::kDim,
        absl::StrCat(Printable(validation_->section()), " ", MeasurementText(*validation_))));
  }
  if (download_.has_value()) lines.push_back(DownloadLine());
  if (lines.empty()) lines.push_back(WaitingLine(now));
  return lines;
}

std::string JobProgress::WaitingLine(absl::Time now) const {
  if (!IsKnown(state_)) return absl::StrCat(job_, ": no news yet");
  std::string line =
      absl::StrCat(job_, " is ", terminal_.Styled(StyleOf(state_), std::string(StateName(state_))),
                   " for ", HumanDuration(now - state_since_));
  if (!reason_.empty()) absl::StrAppend(&line, ": ", Printable(reason_));
  return line;
}

std::string JobProgress::EpochLine() const {
  std::string line = absl::StrCat("epoch ", epoch_->epoch());
  if (epoch_->last_epoch() > 0) absl::StrAppend(&line, "/", epoch_->last_epoch());
  const double done = Fraction(batches_.samples(), epoch_->samples());
  if (epoch_->samples() > 0) {
    absl::StrAppend(&line, " ", RenderBar(done, kBarWidth, terminal_), " ", HumanPercent(done));
  } else {
    absl::StrAppend(&line, "  ", HumanCount(batches_.samples()), " samples");
  }
  const double speed = batches_.samples_per_second();
  if (batches_.samples() > 0) {
    absl::StrAppend(&line, "  ", HumanRate(speed), " samples/s  loss ",
                    HumanNumber(batches_.mean_loss()));
  }
  if (speed > 0 && epoch_->samples() > batches_.samples()) {
    const auto left = static_cast<double>(epoch_->samples() - batches_.samples());
    absl::StrAppend(&line, "  ",
                    HumanDuration(absl::Ceil(absl::Seconds(left / speed), absl::Seconds(1))),
                    " left");
  }
  return line;
}

std::string JobProgress::PassLine() const {
  std::string line = Printable(pass_->section());
  if (pass_->total() == 0) {
    return absl::StrCat(line, "  ", HumanCount(pass_->samples()), " samples");
  }
  const double done = Fraction(pass_->samples(), pass_->total());
  return absl::StrCat(line, " ", RenderBar(done, kBarWidth, terminal_), " ", HumanPercent(done));
}

std::string JobProgress::DownloadLine() const {
  std::string line = absl::StrCat("downloading ", Printable(download_->path()));
  if (download_->total() == 0) {
    return absl::StrCat(line, "  ", HumanBytes(download_->bytes()));
  }
  const double done = Fraction(download_->bytes(), download_->total());
  return absl::StrCat(line, " ", RenderBar(done, kBarWidth, terminal_), " ", HumanPercent(done),
                      " of ", HumanBytes(download_->total()));
}

}  // namespace kur::client
