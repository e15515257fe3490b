#include "server/protocol/conversions.h"

#include <memory>
#include <string>

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

v1::Diagnostic ToProto(const Diagnostic& diagnostic) {
  v1::Diagnostic proto;
  proto.set_warning(diagnostic.severity != Diagnostic::Severity::kError);
  if (diagnostic.location.known()) proto.set_file(*diagnostic.location.file);
  proto.set_line(diagnostic.location.line);
  proto.set_column(diagnostic.location.column);
  proto.set_path(diagnostic.path);
  proto.set_message(diagnostic.message);
  return proto;
}

Diagnostic FromProto(const v1::Diagnostic& proto) {
  Diagnostic diagnostic;
  if (proto.warning()) diagnostic.severity = Diagnostic::Severity::kWarning;
  if (!proto.file().empty()) {
    diagnostic.location = {std::make_shared<const std::string>(proto.file()), proto.line(),
                           proto.column()};
  }
  diagnostic.path = proto.path();
  diagnostic.message = proto.message();
  return diagnostic;
}

}  // namespace kur
