#include "server/net/user_rate.h"

#include <algorithm>

namespace kur::server {

absl::Duration UserRate::Add(const std::string& user, int64_t bytes) {
  if (bytes_per_second_ == 0) return absl::ZeroDuration();
  const absl::Duration now = uptime_();
  const absl::Duration earliest = now - absl::Seconds(1);
  absl::MutexLock lock(&mutex_);
  absl::Duration& due = due_.try_emplace(user, earliest).first->second;
  due = std::max(due, earliest) + absl::Seconds(1) * bytes / bytes_per_second_;
  return std::max(absl::ZeroDuration(), due - now);
}

}  // namespace kur::server
