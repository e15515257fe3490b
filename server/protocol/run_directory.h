#ifndef KUR_SERVER_PROTOCOL_RUN_DIRECTORY_H_
#define KUR_SERVER_PROTOCOL_RUN_DIRECTORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/file_system.h"
#include "kur/v1/event.pb.h"
#include "kur/v1/kur.pb.h"
#include "kur/v1/worker.pb.h"

namespace kur::server {

// What kurd and a worker exchange through the job's run directory:
//
//   source/      the frozen Kurfile and its includes      kurd -> worker
//   job.pb       kur.v1.WorkerSpec                        kurd -> worker
//   spool.log    events that are not acknowledged         worker -> kurd
//   outcome.pb   kur.v1.Outcome                           worker -> kurd
//   worker.log   what the worker printed
//
// Not thread-safe.
class RunDirectory {
 public:
  RunDirectory(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  std::string source_directory() const { return path_ + "/source"; }

  // Lays out what a worker needs. Doing so again is fine: everything comes from the store, so
  // nothing here needs to be durable. Removes the outcome of an earlier worker.
  absl::Status Prepare(const std::vector<v1::SourceFile>& sources, const v1::WorkerSpec& spec);

  // Nothing if the worker left none, or left something that cannot be read.
  std::optional<v1::Outcome> Outcome();

  // The spooled events after `sequence` (a worker_sequence) without a gap; what is damaged or does
  // not follow is left out.
  std::vector<v1::Event> SpooledAfter(int64_t sequence);

  // The last part of worker.log, at most `max_bytes`, from the beginning of a line.
  std::string LogTail(int64_t max_bytes);

 private:
  FileSystem& files_;
  std::string path_;
};

// Writes files below `directory`, which must exist. Paths must be normalized and relative.
absl::Status WriteSources(FileSystem& files, const std::string& directory,
                          const std::vector<v1::SourceFile>& sources);

}  // namespace kur::server

#endif  // KUR_SERVER_PROTOCOL_RUN_DIRECTORY_H_
