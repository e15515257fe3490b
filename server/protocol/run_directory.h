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
#include "kur/v1/kur.pb.h"
#include "kur/v1/worker.pb.h"
#include "server/protocol/spooled_events.h"

namespace kur::server {

// The files that kurd and a worker exchange through the run directory of a job:
//
//   source/      the frozen Kurfile and its includes      kurd -> worker
//   job.pb       kur.v1.WorkerSpec                        kurd -> worker
//   spool.log    events that kurd has not acknowledged    worker -> kurd
//   outcome.pb   kur.v1.Outcome                           worker -> kurd
//   worker.log   the output of the worker
//   artifacts/   checkpoints and results                  worker -> kurd
//
// Not thread-safe.
class RunDirectory {
 public:
  RunDirectory(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  std::string source_directory() const { return path_ + "/source"; }

  // Writes the files that a worker reads and removes the outcome of an earlier worker. Can be
  // repeated: everything comes from the store, so the files need not be durable.
  absl::Status Prepare(const std::vector<v1::SourceFile>& sources, const v1::WorkerSpec& spec);

  // Returns whether the worker that was prepared last knows the directory by a name that leads to
  // it no more, so that nothing which it writes arrives here.
  bool WasMoved();

  // Returns the outcome that the worker left; nothing if there is no readable one.
  std::optional<v1::Outcome> Outcome();

  // Returns the spooled events that follow the worker_sequence `sequence`; see SpooledEvents.
  SpooledEvents SpooledAfter(int64_t sequence, bool may_begin_later = false);

  // Returns the end of worker.log, at most `max_bytes`, from the beginning of a line if possible.
  // Bytes that are no UTF-8 are replaced: the text goes into messages, which take no others.
  std::string LogTail(int64_t max_bytes);

 private:
  FileSystem& files_;
  std::string path_;
};

// Writes the sources below `directory`, which must exist. Paths must be relative and normalized.
absl::Status WriteSources(FileSystem& files, const std::string& directory,
                          const std::vector<v1::SourceFile>& sources);

}  // namespace kur::server

#endif  // KUR_SERVER_PROTOCOL_RUN_DIRECTORY_H_
