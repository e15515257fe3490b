#include "server/worker/control.h"

#include <algorithm>

namespace kur::worker {

void Control::Add(const RunCommand& command) {
  const absl::MutexLock lock(&mutex_);
  if (command.id <= last_known_id_) return;
  last_known_id_ = command.id;
  commands_.push_back(command);
}

void Control::IgnoreUpTo(int64_t id) {
  const absl::MutexLock lock(&mutex_);
  last_known_id_ = std::max(last_known_id_, id);
}

std::optional<RunCommand> Control::TakeCommand() {
  const absl::MutexLock lock(&mutex_);
  if (commands_.empty()) return std::nullopt;
  const RunCommand command = commands_.front();
  commands_.pop_front();
  return command;
}

}  // namespace kur::worker
