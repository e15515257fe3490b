#ifndef KUR_SERVER_EVENTS_EVENT_INDEX_H_
#define KUR_SERVER_EVENTS_EVENT_INDEX_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/base/record_log.h"
#include "server/events/event_mark.pb.h"

namespace kur::server {

// Where the record of an event begins in its log.
struct EventPlace {
  int64_t number = 0;
  int64_t offset = 0;
};

// What saves reading an event log from its beginning: a file beside it, a record log of EventMark,
// with one for about every kMarkBytes of events. Only a hint, which is never synchronized: a mark
// counts if the log has the event that it names, so an index that is missing, damaged, forged by
// a worker or older than its log costs time and nothing else. Not thread-safe.
class EventIndex {
 public:
  static constexpr int64_t kMarkBytes = int64_t{256} << 10;

  // `files` must outlive the index, whose file need not exist.
  EventIndex(FileSystem& files, const std::string& log_path)
      : files_(files), path_(log_path + ".index") {}

  struct Loaded {
    std::vector<EventPlace> places;  // in order, up to that of `last`; empty if there is none
    EventMark last;
  };
  // Returns the marks up to the last one that `log` has the event of.
  Loaded Load(const RecordLogReader& log);

  // Returns whether an event at `offset` is to be marked.
  bool IsDue(int64_t offset) const { return offset >= next_; }

  // Adds `mark`, whose checksum is taken from `log`: the event must be durable there. A failure is
  // made up for by the next mark.
  void Add(EventMark mark, const RecordLogReader& log);

 private:
  FileSystem& files_;
  const std::string path_;
  int64_t size_ = 0;           // bytes of the file that hold marks which count
  int64_t next_ = kMarkBytes;  // where in the log the next mark is due
};

}  // namespace kur::server

#endif  // KUR_SERVER_EVENTS_EVENT_INDEX_H_
