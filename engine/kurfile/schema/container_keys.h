#ifndef KUR_ENGINE_KURFILE_SCHEMA_CONTAINER_KEYS_H_
#define KUR_ENGINE_KURFILE_SCHEMA_CONTAINER_KEYS_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/value.h"

namespace kur {

// True or false as Python sees any value: null, 0, "" and what is empty are false.
bool Truthy(const Value& value);

// Names of layers or tags: one, or a list of them.
struct Names {
  std::vector<Value> values;  // strings, with their places

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

// yes or no, also as the texts that Kur takes for them.
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

// The keys that every container of a model (a layer, an operator, a template in use) may have
// beside the one that says what it is.
struct ContainerKeys {
  std::optional<std::string> name;
  Names tag;
  Names oldest;
  Names inputs;  // none: the layer before it
  LenientBool sink;
  std::optional<bool> freeze;  // absent: as the container around it
  Value when = Value(true);
};

const Fields<ContainerKeys>& ContainerFields();
const std::vector<std::string>& ContainerKeyNames();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_CONTAINER_KEYS_H_
