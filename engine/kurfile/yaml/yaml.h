#ifndef KUR_ENGINE_KURFILE_YAML_YAML_H_
#define KUR_ENGINE_KURFILE_YAML_YAML_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/value/value.h"

namespace kur {

// Limits of one YAML text.
struct YamlLimits {
  int64_t nodes = 100000;  // after the expansion of aliases
  int depth = 100;
};

// Parses one YAML 1.1 document as PyYAML's safe loader does: yes, no, on and off are booleans, 017
// is octal, 1:30 is sexagesimal, `<<` merges, and JSON is YAML. Differs in that 1e-3 is a number
// and a duplicate key is an error. `file` is the name for locations. Errors are a diagnostics
// status with line and column. Thread-safe.
absl::StatusOr<Value> ParseYaml(const std::string& text, std::shared_ptr<const std::string> file,
                                const YamlLimits& limits = {});

// Returns the value of a plain (unquoted) YAML scalar: null, boolean, integer, float or string.
Value ResolvePlainScalar(const std::string& text);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_YAML_H_
