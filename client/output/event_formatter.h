#ifndef KUR_CLIENT_OUTPUT_EVENT_FORMATTER_H_
#define KUR_CLIENT_OUTPUT_EVENT_FORMATTER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "client/output/terminal.h"
#include "kur/v1/event.pb.h"

namespace kur::client {

// Formats the events of a job, in order, as lines for people. Omits frequent events (batch losses,
// progress of a pass) or formats some of them. Not thread-safe.
class EventFormatter {
 public:
  struct Options {
    // The minimum time between two lines about batch losses, by the time of the events. Infinite:
    // no such lines, as for a terminal, which shows progress bars.
    absl::Duration progress_interval = absl::InfiniteDuration();
    // The zone of the times at the beginning of the lines.
    absl::TimeZone zone = absl::UTCTimeZone();
  };

  EventFormatter(const Terminal& terminal, Options options)
      : terminal_(terminal), options_(options) {}

  // Returns the line for an event, without a newline. Returns nothing for an omitted event.
  std::optional<std::string> Format(const v1::Event& event);

 private:
  std::string Describe(const v1::StateChanged& change) const;
  std::string Describe(const v1::Started& started) const;
  std::string Describe(const v1::EpochFinished& epoch);
  std::string Describe(const v1::Measured& measured) const;
  std::string Describe(const v1::Artifact& artifact) const;
  std::string Describe(const v1::DataInspected& data) const;
  std::string Describe(const v1::CommandDone& done) const;
  std::string Describe(const v1::LogLine& line) const;
  // Returns "" if the previous such line is too recent.
  std::string Describe(const v1::BatchLosses& batches, absl::Time time);
  // Returns "epoch 3/10".
  std::string EpochLabel(int64_t epoch) const;

  const Terminal& terminal_;
  const Options options_;
  v1::EpochStarted epoch_;  // the latest event
  absl::Time last_progress_ = absl::InfinitePast();
  double learning_rate_ = 0;  // of the previous epoch; 0: unknown
};

// Returns "loss 0.1312  accuracy 0.9612": the loss and the metrics, sorted by name.
std::string MeasurementText(const v1::Measured& measured);

// Returns the style in which a state is shown.
Style StyleOf(v1::JobState state);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_EVENT_FORMATTER_H_
