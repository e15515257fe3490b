#ifndef KUR_CLIENT_OUTPUT_TRANSFER_METER_H_
#define KUR_CLIENT_OUTPUT_TRANSFER_METER_H_

#include <string>

#include "client/output/live_area.h"
#include "client/output/transfer_progress.h"

namespace kur::client {

// Shows a progress bar for each transfer of a large file, one after another. Not thread-safe.
class TransferMeter {
 public:
  // `terminal` and `clock` must outlive the meter.
  TransferMeter(Terminal& terminal, Clock& clock)
      : terminal_(terminal), clock_(clock), live_(terminal, clock) {}

  void Show(const Transfer& transfer);

  // Shows a line in place of the bar, for work whose progress is unknown.
  void ShowText(const std::string& text);

  void Clear() { live_.Clear(); }

 private:
  Terminal& terminal_;
  Clock& clock_;
  LiveArea live_;
  std::string path_;        // of the current transfer
  int64_t started_at_ = 0;  // bytes done when the transfer was first shown
  absl::Time since_;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_TRANSFER_METER_H_
