#include "server/api/watch_reactor.h"

#include "server/api/grpc_status.h"

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
                                                         std::shared_ptr<EventLog> log,
                                                         int64_t from, bool follow,
                                                         Watches& watches) {
  std::shared_ptr<WatchReactor> watch(
      new WatchReactor(std::move(admission), std::move(log), from, follow, watches));
  watch->self_ = watch;
  watch->admission_.Tell(watch);
  watches.OnStart(watch);
  if (follow) watch->log_->AddListener(watch);
  watch->Pump();
  return watch.get();
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
