#include "server/api/turned_away_log.h"

#include <spdlog/spdlog.h>

#include "absl/strings/str_join.h"
#include "engine/base/clock.h"

namespace kur::server {
namespace {

constexpr absl::Duration kBetweenLines = absl::Seconds(10);

}  // namespace

void TurnedAwayLog::Add(absl::string_view reason) {
  if (metrics_ != nullptr) metrics_->CountTurnedAway(std::string(reason));
  ++counts_[std::string(reason)];
}

void TurnedAwayLog::WriteIfDue() {
  const absl::Duration now = Uptime();
  if (counts_.empty() || now < next_line_) return;
  next_line_ = now + kBetweenLines;
  spdlog::warn("connections were turned away: {}",
               absl::StrJoin(counts_, ", ", absl::PairFormatter(": ")));
  counts_.clear();
}

}  // namespace kur::server
