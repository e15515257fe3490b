#ifndef KUR_CLIENT_OUTPUT_FORMAT_H_
#define KUR_CLIENT_OUTPUT_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "kur/v1/job.pb.h"

namespace kur::client {

// Formats a duration with its two largest units: "850ms", "12s", "3m12s", "2h05m", "3d04h". A
// negative duration becomes "0s".
std::string HumanDuration(absl::Duration duration);

// Formats a number of bytes: "999 B", "1.5 KiB", "27.3 MiB", "2.0 GiB".
std::string HumanBytes(int64_t bytes);

// Formats a count with thousands separators: "34,826".
std::string HumanCount(int64_t count);

// Formats a number with four significant digits, with an exponent only if it is very small or
// large: "0.4312", "12.34", "1.2e-07", "nan".
std::string HumanNumber(double value);

// Formats a rate with a decimal prefix: "12.4", "830", "1.9k", "3.1M".
std::string HumanRate(double value);

// Formats a fraction of 1 as "62%", rounded down so that only 1 is "100%".
std::string HumanPercent(double fraction);

// Formats a time in a zone: "2026-11-22 08:53:51".
std::string HumanTime(absl::Time time, absl::TimeZone zone);

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp);

// Returns the lower-case name of the enumerator: "train", "checkpoint".
std::string ModeName(v1::Mode mode);
std::string KindName(v1::Artifact::Kind kind);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_FORMAT_H_
