#include "server/protocol/spooled_events.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace kur::server {
namespace {

// A piece has no more than this and one event.
constexpr size_t kMostBytes = 1 << 20;
constexpr size_t kMostEvents = 4096;

}  // namespace

SpooledEvents::SpooledEvents(FileSystem& files, const std::string& path, int64_t sequence,
                             bool may_begin_later)
    : sequence_(sequence), may_begin_later_(may_begin_later) {
  auto reader = RecordLogReader::Open(files, path);
  if (reader.ok()) reader_ = *std::move(reader);
}

std::vector<v1::Event> SpooledEvents::Next() {
  std::vector<v1::Event> events;
  size_t bytes = 0;
  v1::Event event;
  while (events.size() < kMostEvents && bytes < kMostBytes && ReadEvent(&event)) {
    bytes += record_.size();
    events.push_back(std::move(event));
  }
  return events;
}

bool SpooledEvents::ReadEvent(v1::Event* event) {
  while (reader_ != nullptr && trouble_.empty()) {
    const int64_t offset = offset_;
    const absl::Status read = reader_->Read(&offset_, &record_, kMaxEventBytes);
    if (absl::IsOutOfRange(read)) return false;
    if (!read.ok()) {
      trouble_ = std::string(read.message());
    } else if (!event->ParseFromString(record_) || event->worker_sequence() <= 0) {
      // Zeros, too, are read as records without content.
      trouble_ = absl::StrCat("the record at offset ", offset, " is no event");
    } else if (event->worker_sequence() == sequence_ + 1 ||
               (event->worker_sequence() > sequence_ && may_begin_later_)) {
      may_begin_later_ = false;
      sequence_ = event->worker_sequence();
      return true;
    } else if (event->worker_sequence() > sequence_) {
      trouble_ = absl::StrCat("event ", event->worker_sequence(), " follows on ", sequence_);
    }
  }
  return false;
}

}  // namespace kur::server
