#include "engine/formats/exif_orientation.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/match.h"

namespace kur {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShort = 3;  // the type of a 16-bit number
constexpr size_t kEntryBytes = 12;

// Reads numbers of either byte order; absent beyond the end.
class Tiff {
 public:
  explicit Tiff(absl::string_view content)
      : content_(content), is_big_endian_(absl::StartsWith(content, "MM")) {}

  std::optional<uint32_t> Read(size_t at, size_t bytes) const {
    if (at > content_.size() || content_.size() - at < bytes) return std::nullopt;
    uint32_t number = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const auto byte =
          static_cast<unsigned char>(content_[at + (is_big_endian_ ? i : bytes - 1 - i)]);
      number = number << 8 | byte;
    }
    return number;
  }

 private:
  absl::string_view content_;
  bool is_big_endian_;
};

}  // namespace

int ExifOrientation(absl::string_view exif) {
  constexpr int kUpright = 1;
  if (!absl::StartsWith(exif, "II") && !absl::StartsWith(exif, "MM")) return kUpright;
  const Tiff tiff(exif);
  const auto directory = tiff.Read(4, 4);
  if (tiff.Read(2, 2) != 42u || !directory) return kUpright;
  const uint32_t entries = tiff.Read(*directory, 2).value_or(0);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = size_t{*directory} + 2 + i * kEntryBytes;
    const auto tag = tiff.Read(entry, 2);
    if (!tag) return kUpright;
    if (*tag != kOrientationTag || tiff.Read(entry + 2, 2) != kShort) continue;
    const uint32_t orientation = tiff.Read(entry + 8, 2).value_or(kUpright);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : kUpright;
  }
  return kUpright;
}

}  // namespace kur
