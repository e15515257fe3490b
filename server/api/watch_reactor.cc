#include "server/api/watch_reactor.h"

#include <utility>

#include "server/api/grpc_status.h"
#include "server/api/unary.h"

namespace kur::server {

void Watches::OnStart(std::weak_ptr<EventListener> watch) {
  metrics_.OnWatchStart();
  all_.Add(std::move(watch));
}

void Watches::Stop() {
  stopping_ = true;
  for (const auto& watch : all_.Alive()) watch->OnEvents();
}

grpc::ServerWriteReactor<v1::Event>* WatchReactor::Begin(Admission admission,
                                                         const v1::WatchEventsRequest& request,
                                                         const OpenLog& open, TaskPool& pool,
                                                         Watches& watches) {
  std::shared_ptr<WatchReactor> watch(new WatchReactor(std::move(admission), request, watches));
  watch->self_ = watch;
  watch->admission_.Tell(watch);
  watches.OnStart(watch);
  const bool taken = pool.TryAdd(watch->admission_.caller().user, [watch, open] {
    if (!watch->IsOver()) watch->OnOpened(open(watch->admission_.caller()));
  });
  if (!taken) watch->OnOpened(TooManyCalls());
  return watch.get();
}

bool WatchReactor::IsOver() {
  absl::MutexLock lock(&mutex_);
  return finished_;
}

void WatchReactor::OnOpened(absl::StatusOr<std::shared_ptr<EventLog>> log) {
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    if (!log.ok()) return FinishOnce(log.status());
    log_ = *std::move(log);
    cursor_ = log_->CursorAt(from_);
    if (follow_) log_->AddListener(weak_from_this());
  }
  Pump();
}

void WatchReactor::Pump() {
  absl::MutexLock lock(&mutex_);
  if (writing_ || finished_) return;
  if (cancelled_) return FinishOnce(absl::CancelledError("cancelled"));
  if (watches_.stopping()) {
    return FinishOnce(absl::UnavailableError("kurd is stopping; watch again from the next event"));
  }
  const absl::Status confirmed = admission_.Confirm();
  if (!confirmed.ok()) return FinishOnce(confirmed);
  if (log_ == nullptr) return;
  // Before reading: an event that comes in between wakes this again.
  const bool last = !follow_ || log_->ended();
  const auto read = log_->Read(&cursor_, &event_);
  if (!read.ok()) return FinishOnce(read.status());
  if (*read) {
    writing_ = true;
    StartWrite(&event_);
  } else if (last) {
    FinishOnce(absl::OkStatus());
  }
}

void WatchReactor::FinishOnce(const absl::Status& status) {
  finished_ = true;
  Finish(ToGrpc(status));
}

void WatchReactor::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    cancelled_ |= !ok;
  }
  Pump();
}

void WatchReactor::OnCancel() {
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }
  Pump();
}

void WatchReactor::OnDone() {
  watches_.OnEnd();
  self_.reset();
}

}  // namespace kur::server
