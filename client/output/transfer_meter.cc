#include "client/output/transfer_meter.h"

namespace kur::client {
namespace {

constexpr int64_t kMinBytesForBar = 1 << 20;  // bytes

}  // namespace

void TransferMeter::Show(const Transfer& transfer) {
  if (transfer.total < kMinBytesForBar) return;
  if (transfer.path != path_) {
    path_ = transfer.path;
    started_at_ = transfer.done;
    since_ = clock_.Now();
  }
  if (!live_.IsDue()) return;
  live_.Update(
      {RenderTransfer(transfer, transfer.done - started_at_, clock_.Now() - since_, terminal_)});
}

void TransferMeter::ShowText(const std::string& text) { live_.Update({text}); }

}  // namespace kur::client
