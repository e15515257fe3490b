#include "server/net/user_quota.h"

#include <algorithm>

namespace kur::server {

UserQuota::Share UserQuota::TryTake(const std::string& user, int64_t amount) {
  {
    absl::MutexLock lock(&taken_->mutex);
    const auto known = taken_->by_user.find(user);
    const int64_t his = (known == taken_->by_user.end() ? 0 : known->second) + amount;
    const int64_t left = limits_.total - taken_->all - amount;
    if (his > std::min(limits_.per_user, left)) return nullptr;
    taken_->by_user[user] = his;
    taken_->all += amount;
  }
  return Share(this, [taken = taken_, user, amount](void*) { GiveBack(*taken, user, amount); });
}

void UserQuota::GiveBack(Taken& taken, const std::string& user, int64_t amount) {
  absl::MutexLock lock(&taken.mutex);
  taken.all -= amount;
  const auto known = taken.by_user.find(user);
  known->second -= amount;
  if (known->second == 0) taken.by_user.erase(known);
}

}  // namespace kur::server
