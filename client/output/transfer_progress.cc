#include "client/output/transfer_progress.h"

#include "absl/strings/str_cat.h"
#include "client/output/format.h"
#include "client/output/live_area.h"
#include "client/output/text.h"

namespace kur::client {
namespace {

constexpr int kBarWidth = 24;
// A speed that is measured over less time varies too much to be shown.
constexpr absl::Duration kMinTimeForSpeed = absl::Milliseconds(500);

}  // namespace

std::string RenderTransfer(const Transfer& transfer, int64_t moved, absl::Duration elapsed,
                           const Terminal& terminal) {
  const double done = transfer.total > 0
                          ? static_cast<double>(transfer.done) / static_cast<double>(transfer.total)
                          : 1;
  std::string line = absl::StrCat(
      transfer.verb, " ", Printable(transfer.path), " ", RenderBar(done, kBarWidth, terminal), " ",
      HumanPercent(done), "  ", HumanBytes(transfer.done), " of ", HumanBytes(transfer.total));
  if (elapsed < kMinTimeForSpeed || moved <= 0) return line;
  const double speed = static_cast<double>(moved) / absl::ToDoubleSeconds(elapsed);
  const auto left = static_cast<double>(transfer.total - transfer.done);
  absl::StrAppend(&line, "  ", HumanBytes(static_cast<int64_t>(speed)), "/s");
  if (left > 0) {
    const absl::Duration remaining = absl::Ceil(absl::Seconds(left / speed), absl::Seconds(1));
    absl::StrAppend(&line, "  ", HumanDuration(remaining), " left");
  }
  return line;
}

}  // namespace kur::client
