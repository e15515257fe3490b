#ifndef KUR_CLIENT_OUTPUT_TRANSFER_METER_H_
#define KUR_CLIENT_OUTPUT_TRANSFER_METER_H_

#include <string>

#include "client/output/live_area.h"
#include "client/output/transfer_progress.h"

namespace kur::client {

// Shows transfers, one after another, as a bar that goes away again. Small files pass unseen. Not
// thread-safe.
class TransferMeter {
 public:
  // Both must outlive the meter.
  TransferMeter(Terminal& terminal, Clock& clock)
      : terminal_(terminal), clock_(clock), live_(terminal, clock) {}

  void Show(const Transfer& transfer);

  // A line for what takes time but cannot be measured.
  void ShowText(const std::string& text);

  void Clear() { live_.Clear(); }

 private:
  Terminal& terminal_;
  Clock& clock_;
  LiveArea live_;
  std::string path_;        // the file under way
  int64_t started_at_ = 0;  // its bytes when it was first shown
  absl::Time since_;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_TRANSFER_METER_H_
