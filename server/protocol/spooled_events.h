#ifndef KUR_SERVER_PROTOCOL_SPOOLED_EVENTS_H_
#define KUR_SERVER_PROTOCOL_SPOOLED_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/base/record_log.h"
#include "kur/v1/event.pb.h"

namespace kur::server {

// How many bytes an event may have. A message with one still reaches clients.
constexpr size_t kMaxEventBytes = 16 << 20;

// Reads what a worker that is gone has left in its spool, piece by piece. The worker is not
// trusted: a piece takes bounded memory. Not thread-safe.
class SpooledEvents {
 public:
  // Begins behind the worker_sequence `sequence`; `may_begin_later`: at any higher one, because
  // events between are known to be lost. A file that cannot be opened has no events. `files` must
  // outlive this.
  SpooledEvents(FileSystem& files, const std::string& path, int64_t sequence, bool may_begin_later);

  // Returns the next events; none at the end, before a gap, and before a record that is damaged,
  // too large or no event.
  std::vector<v1::Event> Next();

  // Returns what keeps Next() from reading on, for people; empty at the end.
  const std::string& trouble() const { return trouble_; }

 private:
  // Reads the next event that is wanted; false if there is none.
  bool ReadEvent(v1::Event* event);

  std::unique_ptr<RecordLogReader> reader_;  // null where there is no file
  int64_t sequence_;
  bool may_begin_later_;
  int64_t offset_ = 0;
  std::string record_;
  std::string trouble_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_PROTOCOL_SPOOLED_EVENTS_H_
