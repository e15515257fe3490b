// Any files as an event log with its index, and as a spool: workers can write both.

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/record_log.h"
#include "server/events/event_log.h"
#include "server/protocol/packed_events.h"
#include "server/protocol/run_directory.h"
#include "server/protocol/worker_paths.h"
#include "server/worker/spool.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/fuzz/inputs.pb.h"
#include "tests/fuzz/message_mutator.h"

KUR_FUZZ_MESSAGES(kur::fuzz::LogFiles)

namespace kur::server {
namespace {

using fuzz::Require;

constexpr uint32_t kMostPadding = 300'000;

template <class Message>
void WriteLog(const std::string& path, const google::protobuf::RepeatedPtrField<Message>& records,
              const std::string& rest) {
  FileSystem& files = FileSystem::Posix();
  files.Remove(path).IgnoreError();
  {
    const auto writer = RecordLogWriter::Open(files, path);
    Require(writer.ok());
    for (const Message& record : records) {
      Require((*writer)->Append(record.SerializeAsString()).ok());
    }
  }
  const auto file = files.OpenForAppend(path, /*truncate=*/false);
  Require(file.ok() && (*file)->Append(rest).ok());
}

absl::StatusOr<std::shared_ptr<EventLog>> OpenLog(const std::string& path) {
  static auto* const dispatcher = new EventDispatcher;
  auto log = EventLog::Open(FileSystem::Posix(), path, *dispatcher);
  Require(log.ok() || absl::IsDataLoss(log.status()));
  return log;
}

// Reads every event from number `first` on; false after damage.
bool ReadAll(const EventLog& log, int64_t first) {
  EventCursor cursor = log.CursorAt(first);
  v1::Event event;
  for (int64_t number = first; number <= log.last_number(); ++number) {
    const auto read = log.Read(&cursor, &event);
    Require(read.ok() ? *read : absl::IsDataLoss(read.status()));
    if (!read.ok()) return false;
    Require(event.number() == number && cursor.number == number + 1);
  }
  const auto end = log.Read(&cursor, &event);
  Require(end.ok() && !*end);
  return true;
}

std::string Summary(const EventLog& log) {
  return absl::StrCat(log.last_number(), " ", log.last_worker_sequence(), " ", log.ended(), " ",
                      log.tracker().summary().ShortDebugString());
}

// Opens the log with an index that may say anything: what is wrong in it costs no more than its
// own answers.
void OpenWithIndex(const std::string& path) {
  const auto log = OpenLog(path);
  if (!log.ok()) return;
  const int64_t last = (*log)->last_number();
  for (const int64_t first : {int64_t{1}, std::max<int64_t>(last - 3, 1)}) {
    if (last - first < 10'000) ReadAll(**log, first);
  }
}

// Opens it without one: everything is as the log says, also after more is appended and read again
// by the index that this has written.
void OpenAlone(const std::string& path, std::vector<v1::Event> appended) {
  FileSystem::Posix().Remove(path + ".index").IgnoreError();
  std::string summary;
  {
    const auto log = OpenLog(path);
    if (!log.ok()) return;
    Require(ReadAll(**log, 1));
    const int64_t last = (*log)->last_number();
    const auto count = static_cast<int64_t>(appended.size());
    Require((*log)->Append(std::move(appended)).ok() && (*log)->last_number() == last + count);
    Require(ReadAll(**log, 1) && ReadAll(**log, std::max<int64_t>(last, 1)));
    summary = Summary(**log);
  }
  const auto with_index = OpenLog(path);
  Require(with_index.ok() && Summary(**with_index) == summary && ReadAll(**with_index, 1));
  FileSystem::Posix().Remove(path + ".index").IgnoreError();
  const auto without = OpenLog(path);
  Require(without.ok() && Summary(**without) == summary);
}

// What kurd takes from a spool follows on without a gap; the worker goes on counting there.
void OpenSpool(const std::string& directory) {
  RunDirectory run(FileSystem::Posix(), directory);
  for (const int64_t known : {0, 2}) {
    int64_t sequence = known;
    SpooledEvents spooled = run.SpooledAfter(known);
    for (auto events = spooled.Next(); !events.empty(); events = spooled.Next()) {
      for (const v1::Event& event : events) Require(event.worker_sequence() == ++sequence);
    }
  }
  const auto spool = worker::Spool::Open(
      FileSystem::Posix(), JoinPath(directory, worker::kSpoolFile), /*acknowledged=*/1);
  if (!spool.ok()) return fuzz::RequireRefusal(spool.status());
  const int64_t last = (*spool)->last_sequence();
  Require(last >= 1);
  Require((*spool)->Append(v1::Event()).ok() && (*spool)->last_sequence() == last + 1);
  const auto read = (*spool)->Read(last, 64, absl::ZeroDuration());
  Require(!read.empty() && read.back().worker_sequence() == last + 1);
  (*spool)->Acknowledge(last + 1);
  Require((*spool)->AwaitAcknowledged(absl::ZeroDuration()));
}

}  // namespace
}  // namespace kur::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kDirectory = new kur::TemporaryDirectory;
  kur::fuzz::LogFiles input;
  if (!input.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (input.padding() > 0 && input.events_size() > 0) {
    const uint32_t most = kur::server::kMostPadding;
    input.mutable_events(0)->mutable_log_line()->mutable_text()->append(
        std::min(input.padding(), most), ' ');
  }
  for (int i = 0; input.renumber() && i < input.events_size(); ++i) {
    input.mutable_events(i)->set_number(i + 1);
  }
  const std::string path = kDirectory->File("events.log");
  kur::server::WriteLog(path, input.events(), input.rest());
  kur::server::WriteLog(path + ".index", input.marks(), input.index_rest());
  kur::server::OpenWithIndex(path);
  std::vector<kur::v1::Event> appended;
  // A log is given only what has been checked.
  std::copy_if(input.appended().begin(), input.appended().end(), std::back_inserter(appended),
               [](const kur::v1::Event& event) { return kur::CheckPacked(event).ok(); });
  kur::server::OpenAlone(path, std::move(appended));
  const std::string spool = kDirectory->File(kur::worker::kSpoolFile);
  kur::server::WriteLog(spool, input.events(), input.rest());
  kur::server::OpenSpool(kDirectory->path());
  return 0;
}
