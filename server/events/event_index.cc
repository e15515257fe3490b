#include "server/events/event_index.h"

#include "kur/v1/event.pb.h"

namespace kur::server {
namespace {

// Of what a mark says. To be raised when ProgressTracker derives anything else from the same
// events: marks of another version are written anew.
constexpr int kVersion = 1;

bool Follows(const EventMark& mark, const std::vector<EventMark>& marks) {
  // No event takes less than a byte.
  if (mark.version() != kVersion || mark.number() > mark.offset()) return false;
  if (marks.empty()) return mark.number() > 0 && mark.offset() > 0;
  return mark.number() > marks.back().number() && mark.offset() > marks.back().offset();
}

bool HasEvent(const RecordLogReader& log, const EventMark& mark) {
  int64_t offset = mark.offset();
  std::string payload;
  v1::Event event;
  return log.Read(&offset, &payload).ok() && RecordChecksum(payload) == mark.checksum() &&
         event.ParseFromString(payload) && event.number() == mark.number();
}

}  // namespace

std::vector<EventMark> EventIndex::Load(const RecordLogReader& log) {
  std::vector<EventMark> marks;
  const auto reader = RecordLogReader::Open(files_, path_);
  if (!reader.ok()) return marks;
  std::vector<int64_t> ends;
  int64_t offset = 0;
  std::string record;
  EventMark mark;
  while ((*reader)->Read(&offset, &record).ok() && mark.ParseFromString(record) &&
         Follows(mark, marks)) {
    marks.push_back(mark);
    ends.push_back(offset);
  }
  while (!marks.empty() && !HasEvent(log, marks.back())) marks.pop_back();
  if (marks.empty()) return marks;
  size_ = ends[marks.size() - 1];
  next_ = marks.back().offset() + kMarkBytes;
  return marks;
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
