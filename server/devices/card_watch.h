#ifndef KUR_SERVER_DEVICES_CARD_WATCH_H_
#define KUR_SERVER_DEVICES_CARD_WATCH_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/timed_condition.h"
#include "server/devices/device.h"

namespace kur::server {

// Why no job may start on a card that holds none of kurd's.
struct Unavailability {
  enum class Kind { kNone, kBeingFreed, kUsedByOthers, kSilent };
  Kind kind = Kind::kNone;
  std::string text;  // for people; "" for kNone
};

// Judges a card that answers: its memory is in use by other programs, or that of the last job is
// not free yet. `since_release` is how long ago that job has ended; absent: there was none, or the
// card was free since. After `release_time` memory that no process holds is no reason any more: it
// will not become free.
Unavailability Judge(const DeviceUsage& usage, int64_t memory_bytes,
                     std::optional<absl::Duration> since_release, absl::Duration release_time);

// Looks at the cards from time to time: whether other programs use them, and whether they are still
// there. Thread-safe.
class CardWatch {
 public:
  using Query = std::function<absl::StatusOr<DeviceUsage>(const Device&)>;

  struct Options {
    absl::Duration poll_interval = absl::Seconds(2);
    absl::Duration release_time = absl::Seconds(10);
    // A card that gives no answer for so long, and several times, is taken out.
    absl::Duration patience = absl::Seconds(30);
  };

  // `query` returns UNAVAILABLE for a card that does not answer; it is called here, and by a thread
  // of this every `poll_interval`, for cards whose job has just ended more often.
  CardWatch(const std::vector<Device>& cards, Query query, const Options& options);
  ~CardWatch();
  CardWatch(const CardWatch&) = delete;
  CardWatch& operator=(const CardWatch&) = delete;

  // Returns the cards that are there, and of each that no job may start on the reason.
  std::vector<Device> cards() const;
  // Returns a sentence for each card that has stopped to answer.
  std::vector<std::string> problems() const;

  // As those of DeviceInventory. The callback may not call SetOnChange().
  void SetHeld(const std::set<std::string>& names);
  void SetOnChange(std::function<void()> on_change);

 private:
  struct Card {
    Device device;
    bool held = false;
    Unavailability::Kind kind = Unavailability::Kind::kNone;
    // The uptime at which the last job ended; absent once the card was seen free.
    std::optional<absl::Duration> released;
    int failures = 0;  // to answer, one after the other
    absl::Duration failing_since;
    bool is_lost = false;
  };

  void Run();
  bool IsAnyBeingFreed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Asks every card, or those alone whose job has just ended. Returns whether anything has changed.
  bool Look(bool at_freed_only) ABSL_LOCKS_EXCLUDED(mutex_);
  bool Update(const absl::StatusOr<DeviceUsage>& usage, Card* card)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasToLook() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ended_ || wanted_; }

  const Query query_;
  const Options options_;
  mutable absl::Mutex mutex_;
  TimedCondition wakeup_;  // of the thread
  std::vector<Card> cards_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> problems_ ABSL_GUARDED_BY(mutex_);
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;  // a job has ended: look at once
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Mutex on_change_mutex_;  // held while it is called
  std::function<void()> on_change_ ABSL_GUARDED_BY(on_change_mutex_);
  std::thread thread_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_CARD_WATCH_H_
