#include "server/events/event_index.h"

#include <utility>

#include "kur/v1/event.pb.h"
#include "server/protocol/spooled_events.h"

namespace kur::server {
namespace {

// Of what a mark says. To be raised when ProgressTracker derives anything else from the same
// events: marks of another version are written anew.
constexpr int kVersion = 1;

// What a worker has written may be read, but takes no more memory or time than what kurd writes.
constexpr uint32_t kMaxMarkBytes = 256 << 10;
constexpr size_t kMaxMarks = 1 << 16;
// After a loss of power some marks are of events that the log has lost.
constexpr int kMaxLostMarks = 16;

// A mark, without what it says.
struct Place {
  EventPlace event;
  int64_t begin;  // of its record in the index
  int64_t end;
};

bool Follows(const EventMark& mark, const std::vector<Place>& known, int64_t log_size) {
  // No event takes less than a byte.
  if (mark.version() != kVersion || mark.number() > mark.offset()) return false;
  if (mark.offset() >= log_size) return false;
  const EventPlace before = known.empty() ? EventPlace{} : known.back().event;
  return mark.number() > before.number && mark.offset() - EventIndex::kMarkBytes >= before.offset;
}

bool HasEvent(const RecordLogReader& log, const EventMark& mark) {
  int64_t offset = mark.offset();
  std::string payload;
  v1::Event event;
  return log.Read(&offset, &payload, kMaxEventBytes).ok() &&
         RecordChecksum(payload) == mark.checksum() && event.ParseFromString(payload) &&
         event.number() == mark.number();
}

}  // namespace

EventIndex::Loaded EventIndex::Load(const RecordLogReader& log) {
  const auto reader = RecordLogReader::Open(files_, path_);
  const auto log_size = log.Size();
  if (!reader.ok() || !log_size.ok()) return {};
  std::vector<Place> known;
  int64_t offset = 0;
  std::string record;
  EventMark mark;
  for (int64_t begin = 0; known.size() < kMaxMarks; begin = offset) {
    const bool is_mark = (*reader)->Read(&offset, &record, kMaxMarkBytes).ok() &&
                         mark.ParseFromString(record) && Follows(mark, known, *log_size);
    if (!is_mark) break;
    known.push_back({{mark.number(), mark.offset()}, begin, offset});
  }
  for (int lost = 0; !known.empty() && lost <= kMaxLostMarks; ++lost) {
    const Place& last = known.back();
    offset = last.begin;
    if ((*reader)->Read(&offset, &record, kMaxMarkBytes).ok() && mark.ParseFromString(record) &&
        HasEvent(log, mark)) {
      size_ = last.end;
      next_ = last.event.offset + kMarkBytes;
      Loaded loaded;
      for (const Place& place : known) loaded.places.push_back(place.event);
      loaded.last = std::move(mark);
      return loaded;
    }
    known.pop_back();
  }
  return {};
}

void EventIndex::Add(EventMark mark, const RecordLogReader& log) {
  next_ = mark.offset() + kMarkBytes;
  int64_t offset = mark.offset();
  std::string payload;
  if (!log.Read(&offset, &payload).ok()) return;
  mark.set_version(kVersion);
  mark.set_checksum(RecordChecksum(payload));
  // Opened for each mark, which is seldom, so that a running job holds no descriptor more.
  const auto writer = RecordLogWriter::OpenAt(files_, path_, size_);
  if (writer.ok() && (*writer)->Append(mark.SerializeAsString()).ok()) size_ = (*writer)->size();
}

}  // namespace kur::server
