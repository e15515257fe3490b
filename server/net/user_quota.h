#ifndef KUR_SERVER_NET_USER_QUOTA_H_
#define KUR_SERVER_NET_USER_QUOTA_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace kur::server {

// Divides what is scarce, such as descriptors or memory, among users. Nobody gets more than he
// leaves for the others: a greedy user alone gets half of it, two get a third each, and a newcomer
// always finds some. Thread-safe.
class UserQuota {
 public:
  struct Limits {
    int64_t total = 0;
    int64_t per_user = 0;
  };
  // What a user has taken; given back when the last copy is destroyed.
  using Share = std::shared_ptr<void>;

  explicit UserQuota(const Limits& limits) : limits_(limits) {}

  // Takes `amount` for a user. Returns null if he would have more than `per_user`, or more than
  // would be left of `total`.
  Share TryTake(const std::string& user, int64_t amount);

 private:
  struct Taken {
    absl::Mutex mutex;
    int64_t all ABSL_GUARDED_BY(mutex) = 0;
    // By those who have something.
    std::map<std::string, int64_t> by_user ABSL_GUARDED_BY(mutex);
  };

  static void GiveBack(Taken& taken, const std::string& user, int64_t amount);

  const Limits limits_;
  // Shared with what has been taken, which may be given back after the quota is gone.
  const std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
};

}  // namespace kur::server

#endif  // KUR_SERVER_NET_USER_QUOTA_H_
