#ifndef KUR_ENGINE_KURFILE_SPECS_TOKEN_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_TOKEN_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// `tokens`: how texts become sequences of numbers.
struct TokenSpec {
  std::string by = "words";  // or "characters"
  // The most numbers that there are, with those of padding and of what is unknown.
  int64_t size = 10'000;
  bool lower = true;              // capital letters count as small ones
  std::optional<int64_t> length;  // of every sequence, cut or padded; absent: as long as the text
};

template <>
struct FieldTraits<TokenSpec> {
  static std::string Type() { return "words, characters, or a dictionary"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("string"), TypeSchema("object")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    TokenSpec* to);
  static std::string Format(const TokenSpec&) { return ""; }
};

// Returns the keys of `tokens`.
KeyTable TokenKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_TOKEN_SPEC_H_
