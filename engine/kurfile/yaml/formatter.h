#ifndef KUR_ENGINE_KURFILE_YAML_FORMATTER_H_
#define KUR_ENGINE_KURFILE_YAML_FORMATTER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace kur {

// A YAML text in the customary style: two spaces a level, lists indented below their key, one space
// after a colon and after the commas of [a, b], two before a comment at the end of a line, no
// trailing spaces, no two empty lines in a row. Comments, the order of keys, quotes and line breaks
// stay as they are. The result is read back and compared with the original: if it would mean
// anything else, that is FAILED_PRECONDITION, and the text is better left alone. A text that is no
// YAML is a diagnostics status (see ParseYaml()).
absl::StatusOr<std::string> FormatYaml(const std::string& text,
                                       const std::shared_ptr<const std::string>& file);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_FORMATTER_H_
