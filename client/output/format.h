#ifndef KUR_CLIENT_OUTPUT_FORMAT_H_
#define KUR_CLIENT_OUTPUT_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "kur/v1/job.pb.h"

namespace kur::client {

// Quantities in words for people.

// The two largest units: "850ms", "12s", "3m12s", "2h05m", "3d04h". Negative durations read "0s".
std::string HumanDuration(absl::Duration duration);

// "0 B", "999 B", "1.5 KiB", "27.3 MiB", "2.0 GiB".
std::string HumanBytes(int64_t bytes);

// Thousands set apart: "34,826".
std::string HumanCount(int64_t count);

// Four significant digits without an exponent where that is readable: "0.4312", "12.34", "1.2e-07",
// "nan".
std::string HumanNumber(double value);

// "1.9k", "830", "12.4", "3.1M": for speeds.
std::string HumanRate(double value);

// "62%", rounded down so that 100% means all.
std::string HumanPercent(double fraction);

// "2026-11-22 08:53:51" in that zone.
std::string HumanTime(absl::Time time, absl::TimeZone zone);

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp);

// "train", "test", "evaluate"; "checkpoint", "result", "file".
std::string ModeName(v1::Mode mode);
std::string KindName(v1::Artifact::Kind kind);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_FORMAT_H_
