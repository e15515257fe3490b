#ifndef KUR_SERVER_WORKER_EVENT_CONVERSIONS_H_
#define KUR_SERVER_WORKER_EVENT_CONVERSIONS_H_

#include "engine/train/run_events.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "kur/v1/event.pb.h"

namespace kur::worker {

v1::LogLine::Level ToProto(LogLevel level);
v1::DataInspected ToProto(const DataReport& report);

// Returns the time of day, to the microsecond (protobuf's own clock gives whole seconds).
google::protobuf::Timestamp CurrentTimestamp();

// Replaces what is no UTF-8 in the strings of `message` and of the messages in it (see ToUtf8()):
// a receiver would refuse the message as a whole. Such bytes come from file names and from what
// stands in data.
void MakeTextValid(google::protobuf::Message* message);

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_EVENT_CONVERSIONS_H_
