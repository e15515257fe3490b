#ifndef KUR_CLIENT_OUTPUT_EVENT_FORMATTER_H_
#define KUR_CLIENT_OUTPUT_EVENT_FORMATTER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "client/output/terminal.h"
#include "kur/v1/event.pb.h"

namespace kur::client {

// Tells a job's events as lines for people, in order. What comes too often to be worth a line
// (batch losses, the progress of a pass) is left out, or told now and then. Not thread-safe.
class EventFormatter {
 public:
  struct Options {
    // Batch losses are told at most this often, by the time of the events; infinite: never.
    absl::Duration progress_interval = absl::InfiniteDuration();
    absl::TimeZone zone = absl::UTCTimeZone();
  };

  EventFormatter(const Terminal& terminal, Options options)
      : terminal_(terminal), options_(options) {}

  // The line for an event, without a line end; nothing for an event that is not worth one.
  std::optional<std::string> Format(const v1::Event& event);

 private:
  std::string Describe(const v1::StateChanged& change) const;
  std::string Describe(const v1::Started& started) const;
  std::string Describe(const v1::EpochFinished& epoch);
  std::string Describe(const v1::Measured& measured) const;
  std::string Describe(const v1::Artifact& artifact) const;
  std::string Describe(const v1::DataInspected& data) const;
  std::string Describe(const v1::LogLine& line) const;
  // "" when it is too early for another one.
  std::string Describe(const v1::BatchLosses& batches, absl::Time time);
  // "epoch 3/10".
  std::string EpochLabel(int64_t epoch) const;

  const Terminal& terminal_;
  const Options options_;
  v1::EpochStarted epoch_;  // the latest
  absl::Time last_progress_ = absl::InfinitePast();
  double learning_rate_ = 0;  // of the epoch before; 0: not known
};

// "loss 0.1312  accuracy 0.9612": the metrics after the loss, by name.
std::string MeasurementText(const v1::Measured& measured);

// The style in which a state is shown.
Style StyleOf(v1::JobState state);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_EVENT_FORMATTER_H_
