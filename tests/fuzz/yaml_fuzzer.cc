// Any bytes as a YAML text; what can be read is also formatted.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "engine/kurfile/yaml/formatter.h"
#include "engine/kurfile/yaml/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kFile = new auto(std::make_shared<const std::string>("fuzz.yml"));
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto value = kur::ParseYaml(text, *kFile);
  const auto formatted = kur::FormatYaml(text, *kFile);
  // A formatted text means the same as before.
  if (formatted.ok() && (!value.ok() || !(*kur::ParseYaml(*formatted, *kFile) == *value))) {
    // NaN equals nothing, itself included.
    if (kur::ToJson(*kur::ParseYaml(*formatted, *kFile)) != kur::ToJson(*value)) abort();
  }
  return 0;
}
