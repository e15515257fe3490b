#ifndef KUR_ENGINE_KURFILE_SPECS_SYMBOL_H_
#define KUR_ENGINE_KURFILE_SPECS_SYMBOL_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/schema/fields.h"

namespace kur {

// A symbol of a vocabulary: a string, or a number in place of its digits, because templating turns
// the text "7" into a number.
struct Symbol {
  std::string text;
};

template <>
struct FieldTraits<Symbol> {
  static std::string Type() { return "string"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("string"), TypeSchema("number")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Symbol* to) {
    if (value.is_number()) {
      to->text = value.is_int() ? absl::StrCat(value.as_int()) : FormatFloat(value.as_float());
      return true;
    }
    return FieldTraits<std::string>::Parse(value, key, diagnostics, &to->text);
  }
  static std::string Format(const Symbol& symbol) { return symbol.text; }
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SYMBOL_H_
