#include "server/net/user_quota.h"

#include <algorithm>

namespace kur::server {

UserQuota::Share UserQuota::TryTake(const std::string& user, int64_t amount) {
  {
    absl::MutexLock lock(&mutex_);
    const auto known = taken_by_user_.find(user);
    const int64_t his = (known == taken_by_user_.end() ? 0 : known->second) + amount;
    const int64_t left = limits_.total - taken_ - amount;
    if (his > std::min(limits_.per_user, left)) return nullptr;
    taken_by_user_[user] = his;
    taken_ += amount;
  }
  return Share(this, [this, user, amount](void*) { GiveBack(user, amount); });
}

void UserQuota::GiveBack(const std::string& user, int64_t amount) {
  absl::MutexLock lock(&mutex_);
  taken_ -= amount;
  const auto known = taken_by_user_.find(user);
  known->second -= amount;
  if (known->second == 0) taken_by_user_.erase(known);
}

}  // namespace kur::server
