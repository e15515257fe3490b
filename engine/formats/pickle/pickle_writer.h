#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_WRITER_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_WRITER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

// Writes a value as a Python pickle of protocol 4, which every Python from 3.4 on reads, with NumPy
// 1 or 2 if it holds arrays. The pickle goes to `sink` in pieces, array data without being copied;
// an error of the sink ends the writing and is returned.
absl::Status WritePickle(const PickleValue& value,
                         const std::function<absl::Status(absl::string_view)>& sink);

// The same as a string.
std::string FormatPickle(const PickleValue& value);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_WRITER_H_
