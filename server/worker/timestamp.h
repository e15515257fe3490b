#ifndef KUR_SERVER_WORKER_TIMESTAMP_H_
#define KUR_SERVER_WORKER_TIMESTAMP_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"

namespace kur::worker {

// The time of day, to the microsecond (protobuf's own clock gives whole seconds).
inline google::protobuf::Timestamp CurrentTimestamp() {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(absl::Now()));
}

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_TIMESTAMP_H_
