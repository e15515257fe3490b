#include "server/protocol/conversions.h"

namespace kur {

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(micros / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  return timestamp;
}

google::protobuf::Duration ToDuration(absl::Duration duration) {
  const int64_t micros = absl::ToInt64Microseconds(duration);
  google::protobuf::Duration converted;
  converted.set_seconds(micros / 1'000'000);
  converted.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  return converted;
}

Mode ToMode(v1::Mode mode) {
  switch (mode) {
    case v1::MODE_TEST:
      return Mode::kTest;
    case v1::MODE_EVALUATE:
      return Mode::kEvaluate;
    case v1::MODE_INSPECT:
      return Mode::kInspect;
    default:
      return Mode::kTrain;
  }
}

}  // namespace kur
