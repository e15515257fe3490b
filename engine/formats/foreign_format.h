#ifndef KUR_ENGINE_FORMATS_FOREIGN_FORMAT_H_
#define KUR_ENGINE_FORMATS_FOREIGN_FORMAT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace kur {

// Returns INVALID_ARGUMENT for a file whose first bytes are those of a format that people take for
// a table and that is not read: it names the format and says what converts it.
absl::Status CheckIsNoForeignTable(absl::string_view start);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_FOREIGN_FORMAT_H_
