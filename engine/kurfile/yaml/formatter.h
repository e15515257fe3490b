#ifndef KUR_ENGINE_KURFILE_YAML_FORMATTER_H_
#define KUR_ENGINE_KURFILE_YAML_FORMATTER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace kur {

// Formats a YAML text in the customary style: two spaces a level, lists indented below their key,
// one space after a colon and after the commas of [a, b], two spaces before a comment at the end of
// a line, no trailing spaces, no two empty lines in a row. Keeps comments, the order of keys,
// quotes and line breaks. Reads the result back: FAILED_PRECONDITION if its meaning would differ
// from the original, which is then better left unchanged. Returns a diagnostics status (see
// ParseYaml()) if the text is not YAML.
absl::StatusOr<std::string> FormatYaml(const std::string& text,
                                       const std::shared_ptr<const std::string>& file);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_FORMATTER_H_
