#include "client/output/format.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace kur::client {
namespace {

// Returns the name of an enumerator without its prefix, in lower case.
std::string EnumName(absl::string_view name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(name, prefix));
}

}  // namespace

std::string HumanDuration(absl::Duration duration) {
  if (duration <= absl::ZeroDuration()) return "0s";
  if (duration < absl::Seconds(1)) {
    return absl::StrCat(absl::ToInt64Milliseconds(duration), "ms");
  }
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) return absl::StrFormat("%dm%02ds", seconds / 60, seconds % 60);
  const int64_t hours = seconds / 3600;
  if (hours < 24) return absl::StrFormat("%dh%02dm", hours, seconds / 60 % 60);
  return absl::StrFormat("%dd%02dh", hours / 24, hours % 24);
}

std::string HumanBytes(int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  auto value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.95 would be rounded to 1024.0.
  while (value >= 1023.95 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

std::string HumanCount(int64_t count) {
  std::string text = absl::StrCat(count);
  const size_t start = count < 0 ? 1 : 0;
  for (size_t at = text.size(); at > start + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string HumanNumber(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return "0";
  if (magnitude < 1e-4 || magnitude >= 1e6) return absl::StrFormat("%.3g", value);
  if (magnitude < 1) return absl::StrFormat("%.4f", value);
  const int digits = static_cast<int>(std::floor(std::log10(magnitude))) + 1;
  return absl::StrFormat("%.*f", std::max(0, 4 - digits), value);
}

std::string HumanRate(double value) {
  if (!std::isfinite(value) || value <= 0) return "0";
  if (value >= 999.5e6) return absl::StrFormat("%.1fG", value / 1e9);
  if (value >= 999.5e3) return absl::StrFormat("%.1fM", value / 1e6);
  if (value >= 999.5) return absl::StrFormat("%.1fk", value / 1e3);
  return value < 99.95 ? absl::StrFormat("%.1f", value) : absl::StrFormat("%.0f", value);
}

std::string HumanPercent(double fraction) {
  if (!(fraction > 0)) return "0%";
  return absl::StrCat(static_cast<int>(std::floor(std::min(fraction, 1.0) * 100 + 1e-9)), "%");
}

std::string HumanTime(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", time, zone);
}

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

std::string ModeName(v1::Mode mode) { return EnumName(v1::Mode_Name(mode), "MODE_"); }

std::string KindName(v1::Artifact::Kind kind) {
  if (kind == v1::Artifact::KIND_UNSPECIFIED) return "file";
  return EnumName(v1::Artifact::Kind_Name(kind), "KIND_");
}

}  // namespace kur::client
