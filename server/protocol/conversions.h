#ifndef KUR_SERVER_PROTOCOL_CONVERSIONS_H_
#define KUR_SERVER_PROTOCOL_CONVERSIONS_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"
#include "engine/kurfile/kurfile.h"
#include "kur/v1/job.pb.h"

namespace kur {

// Converts a time, truncated to microseconds.
google::protobuf::Timestamp ToTimestamp(absl::Time time);

// Converts a duration, truncated to microseconds.
google::protobuf::Duration ToDuration(absl::Duration duration);

// Converts a mode. MODE_UNSPECIFIED means to train, as in a submission.
Mode ToMode(v1::Mode mode);

}  // namespace kur

#endif  // KUR_SERVER_PROTOCOL_CONVERSIONS_H_
