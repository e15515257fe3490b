#ifndef KUR_ENGINE_KURFILE_SCHEMA_CONTAINER_KEYS_H_
#define KUR_ENGINE_KURFILE_SCHEMA_CONTAINER_KEYS_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/value.h"

namespace kur {

// Returns whether a value is true as in Python: null, 0, "" and empty collections are false.
bool Truthy(const Value& value);

// One name of a layer or tag, or a list of names.
struct Names {
  std::vector<Value> values;  // strings with their locations

  std::vector<std::string> strings() const;
};

template <>
struct FieldTraits<Names> {
  static std::string Type() { return "name or list of names"; }
  static Value Schema();
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Names* to);
  static std::string Format(const Names&) { return ""; }
};

// A boolean that may also be one of the texts that Kur accepts.
struct LenientBool {
  bool on = false;
};

template <>
struct FieldTraits<LenientBool> {
  static std::string Type() { return "boolean"; }
  static Value Schema();
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    LenientBool* to);
  static std::string Format(const LenientBool& value) {
    return FieldTraits<bool>::Format(value.on);
  }
};

// The keys that every container of a model (a layer, an operator, the use of a template) may have
// besides its kind.
struct ContainerKeys {
  std::optional<std::string> name;
  Names tag;
  Names oldest;
  Names inputs;  // empty: the layer before
  LenientBool sink;
  std::optional<bool> freeze;  // absent: as the enclosing container
  Value when = Value(true);
};

const Fields<ContainerKeys>& ContainerFields();
const std::vector<std::string>& ContainerKeyNames();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_CONTAINER_KEYS_H_
