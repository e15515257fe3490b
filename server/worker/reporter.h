#ifndef KUR_SERVER_WORKER_REPORTER_H_
#define KUR_SERVER_WORKER_REPORTER_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/files_without_links.h"
#include "engine/base/path_resolver.h"
#include "engine/train/artifact_writer.h"
#include "engine/train/run_events.h"
#include "kur/v1/event.pb.h"
#include "server/worker/event_sink.h"

namespace kur::worker {

// Turns what happens in a run into events, packing batch losses into at most about ten events a
// second, and writes the run's artifacts. One thread, but for OnLog().
class Reporter : public RunEvents, public ArtifactWriter {
 public:
  struct Options {
    // Every artifact gets a second name below this folder, so that a later run that writes the same
    // path leaves this run's content alone; empty: none.
    std::string artifact_folder;
    // When the process began, in seconds on MonotonicSeconds()' clock.
    double process_start = 0;
    FileSystem* files = &FilesWithoutLinks();
  };

  // Everything is borrowed and must outlive the reporter.
  Reporter(const PathResolver& paths, EventSink* sink, Options options)
      : paths_(paths), sink_(sink), options_(std::move(options)) {}

  void OnStarted(const RunStarted& started) override;
  void OnEpochStarted(const EpochStarted& epoch) override;
  void OnBatch(const BatchDone& batch) override;
  void OnEpochFinished(const EpochFinished& epoch) override;
  void OnDownloadProgress(const std::string& path, int64_t bytes, int64_t total) override;
  void OnPassProgress(const std::string& section, int64_t samples, int64_t total) override;
  void OnEvaluated(const EvaluationResult& result) override;
  void OnDataInspected(const DataReport& report) override;
  void OnLog(LogLevel level, const std::string& text) override;
  void OnCommandDone(int64_t id, const absl::Status& status) override;
  absl::Status WriteArtifact(const ArtifactInfo& info, const std::string& content) override;
  void OnSaved(int64_t batches) override;
  absl::Status Sync() override;

  // Sends what is still being packed. Returns the first error of the sink, if there was one.
  absl::Status Flush();

 private:
  void Send(v1::Event event) ABSL_LOCKS_EXCLUDED(mutex_);
  void SendNow(v1::Event event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendLosses() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Measures the speed of the next losses from now on.
  void RestartClock() ABSL_LOCKS_EXCLUDED(mutex_);

  const PathResolver& paths_;
  EventSink* sink_;
  const Options options_;

  absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  v1::BatchLosses pending_ ABSL_GUARDED_BY(mutex_);
  // When losses were last sent, in seconds on MonotonicSeconds()' clock.
  double last_sent_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t samples_sent_ ABSL_GUARDED_BY(mutex_) = 0;  // samples since then
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_REPORTER_H_
