#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_WRITER_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_WRITER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

// Writes a value as a Python pickle of protocol 4. Python 3.4 and later read it, with NumPy 1 or 2
// if it holds arrays. Passes the pickle to `sink` in pieces, array data without a copy. Stops at an
// error of the sink and returns it. Thread-safe.
absl::Status WritePickle(const PickleValue& value,
                         const std::function<absl::Status(absl::string_view)>& sink);

// Returns the pickle as a string.
std::string FormatPickle(const PickleValue& value);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_WRITER_H_
