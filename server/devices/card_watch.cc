#include "server/devices/card_watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/byte_text.h"
#include "engine/base/clock.h"
#include "spdlog/spdlog.h"

namespace kur::server {
namespace {

using Kind = Unavailability::Kind;

// How often a card is asked whose last job has just ended.
constexpr absl::Duration kImpatience = absl::Milliseconds(100);

constexpr int kMostFailures = 3;

// What the driver itself needs of a card that is free, more on a large one, or a desktop.
constexpr int64_t kOfNobody = int64_t{1} << 30;
constexpr int64_t kPartOfNobody = 64;

constexpr size_t kListedProcesses = 4;

std::string ProcessText(const std::vector<int64_t>& processes) {
  if (processes.empty()) return "";
  const size_t listed = std::min(processes.size(), kListedProcesses);
  return absl::StrCat(processes.size() == 1 ? " (process " : " (processes ",
                      absl::StrJoin(processes.begin(), processes.begin() + listed, ", "),
                      listed < processes.size() ? " and more)" : ")");
}

Unavailability BeingFreed() {
  return {Kind::kBeingFreed, "the driver still frees the memory of the last job"};
}

}  // namespace

Unavailability Judge(const DeviceUsage& usage, int64_t memory_bytes,
                     std::optional<absl::Duration> since_release, absl::Duration release_time) {
  if (usage.memory_used_bytes <= kOfNobody + memory_bytes / kPartOfNobody) return {};
  if (since_release.has_value()) {
    if (*since_release < release_time) return BeingFreed();
    if (usage.processes.empty()) return {};
  }
  return {Kind::kUsedByOthers,
          absl::StrCat("programs outside of kurd use ", GibText(usage.memory_used_bytes), " of it",
                       ProcessText(usage.processes))};
}

CardWatch::CardWatch(const std::vector<Device>& cards, Query query, const Options& options)
    : query_(std::move(query)), options_(options) {
  cards_.resize(cards.size());
  for (size_t i = 0; i < cards.size(); ++i) cards_[i].device = cards[i];
  Look(/*at_freed_only=*/false);
  thread_ = std::thread([this] { Run(); });
}

CardWatch::~CardWatch() {
  {
    const absl::MutexLock lock(&mutex_);
    ended_ = true;
    wakeup_.NotifyAll();
  }
  thread_.join();
}

std::vector<Device> CardWatch::cards() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<Device> cards;
  for (const Card& card : cards_) {
    if (!card.is_lost) cards.push_back(card.device);
  }
  return cards;
}

std::vector<std::string> CardWatch::problems() const {
  const absl::MutexLock lock(&mutex_);
  return problems_;
}

void CardWatch::SetHeld(const std::set<std::string>& names) {
  const absl::MutexLock lock(&mutex_);
  for (Card& card : cards_) {
    const bool held = names.count(card.device.name) > 0;
    if (card.held == held) continue;
    card.held = held;
    const Unavailability now = held ? Unavailability() : BeingFreed();
    card.kind = now.kind;
    card.device.unavailable = now.text;
    if (held) continue;
    card.released = Uptime();
    wanted_ = true;
    wakeup_.NotifyAll();
  }
}

void CardWatch::SetOnChange(std::function<void()> on_change) {
  const absl::MutexLock lock(&on_change_mutex_);
  on_change_ = std::move(on_change);
}

bool CardWatch::Update(const absl::StatusOr<DeviceUsage>& usage, Card* card) {
  if (card->is_lost) return false;
  Unavailability now;
  if (usage.ok()) {
    card->failures = 0;
    if (!card->held) {
      std::optional<absl::Duration> since_release;
      if (card->released.has_value()) since_release = Uptime() - *card->released;
      now = Judge(*usage, card->device.memory_bytes, since_release, options_.release_time);
      if (now.kind == Kind::kNone) card->released.reset();
    }
  } else {
    now = {Kind::kSilent, std::string(usage.status().message())};
    if (card->failures++ == 0) card->failing_since = Uptime();
    card->is_lost =
        card->failures >= kMostFailures && Uptime() - card->failing_since >= options_.patience;
    if (card->is_lost) {
      problems_.push_back(
          absl::StrCat("left out ", now.text, "; jobs do without it until kurd is started again"));
      spdlog::error("{}", problems_.back());
    }
  }
  // A number in the text that moves is no news.
  const bool changed = card->is_lost || now.kind != card->kind;
  if (changed && !card->is_lost && (now.kind == Kind::kUsedByOthers || now.kind == Kind::kSilent)) {
    spdlog::warn("{} takes no jobs: {}", card->device.name, now.text);
  }
  card->kind = now.kind;
  card->device.unavailable = std::move(now.text);
  return changed;
}

bool CardWatch::Look(bool at_freed_only) {
  std::vector<size_t> asked;
  std::vector<Device> devices;
  {
    const absl::MutexLock lock(&mutex_);
    wanted_ = false;
    for (size_t i = 0; i < cards_.size(); ++i) {
      if (at_freed_only && cards_[i].kind != Kind::kBeingFreed) continue;
      asked.push_back(i);
      devices.push_back(cards_[i].device);
    }
  }
  // Without the lock: a driver in trouble takes its time.
  std::vector<absl::StatusOr<DeviceUsage>> answers;
  answers.reserve(devices.size());
  for (const Device& device : devices) answers.push_back(query_(device));
  const absl::MutexLock lock(&mutex_);
  // A job that has ended meanwhile is looked at in the next round: its memory was in use.
  if (wanted_) return false;
  bool changed = false;
  for (size_t i = 0; i < asked.size(); ++i) changed |= Update(answers[i], &cards_[asked[i]]);
  return changed;
}

bool CardWatch::IsAnyBeingFreed() const {
  return std::any_of(cards_.begin(), cards_.end(),
                     [](const Card& card) { return card.kind == Kind::kBeingFreed; });
}

void CardWatch::Run() {
  absl::Duration next_look_at_all = Uptime() + options_.poll_interval;
  while (true) {
    {
      const absl::MutexLock lock(&mutex_);
      const absl::Duration rest = next_look_at_all - Uptime();
      wakeup_.Await(&mutex_, absl::Condition(this, &CardWatch::HasToLook),
                    IsAnyBeingFreed() ? std::min(kImpatience, rest) : rest);
      if (ended_) return;
    }
    const bool at_all = Uptime() >= next_look_at_all;
    if (at_all) next_look_at_all = Uptime() + options_.poll_interval;
    if (!Look(/*at_freed_only=*/!at_all)) continue;
    const absl::MutexLock lock(&on_change_mutex_);
    if (on_change_) on_change_();
  }
}

}  // namespace kur::server
