#ifndef KUR_SERVER_PROTOCOL_CONVERSIONS_H_
#define KUR_SERVER_PROTOCOL_CONVERSIONS_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"
#include "engine/value/diagnostics.h"
#include "engine/value/mode.h"
#include "kur/v1/errors.pb.h"
#include "kur/v1/job.pb.h"

namespace kur {

// Converts a time, truncated to microseconds.
google::protobuf::Timestamp ToTimestamp(absl::Time time);

// Converts a duration, truncated to microseconds.
google::protobuf::Duration ToDuration(absl::Duration duration);

// Converts a mode. MODE_UNSPECIFIED means to train, as in a submission.
Mode ToMode(v1::Mode mode);

v1::Diagnostic ToProto(const Diagnostic& diagnostic);
Diagnostic FromProto(const v1::Diagnostic& diagnostic);

}  // namespace kur

#endif  // KUR_SERVER_PROTOCOL_CONVERSIONS_H_
