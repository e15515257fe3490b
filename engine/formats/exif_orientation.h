#ifndef KUR_ENGINE_FORMATS_EXIF_ORIENTATION_H_
#define KUR_ENGINE_FORMATS_EXIF_ORIENTATION_H_

#include "absl/strings/string_view.h"

namespace kur {

// How a camera was held, as the tag Orientation (0x0112) of Exif 2.3 numbers it: 1 upright, 2 to 8
// mirrored, turned, or both. 1 for what cannot be read. `exif` begins with the header of TIFF, "II"
// or "MM".
int ExifOrientation(absl::string_view exif);

// Whether such a picture is wide where it was taken high.
inline bool SwapsSides(int orientation) { return orientation >= 5; }

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_EXIF_ORIENTATION_H_
