#include "engine/kurfile/specs/token_spec.h"

namespace kur {
namespace {

const Fields<TokenSpec>& TokenFields() {
  static const auto* const kFields = new Fields<TokenSpec>(
      Fields<TokenSpec>()
          .Choice("by", &TokenSpec::by, {"words", "characters"},
                  "what has a number: words, which are letters and digits without a gap, or "
                  "characters")
          .Optional(
              "size", &TokenSpec::size,
              "the most numbers that there are: 0 is padding, 1 what is unknown, and the rest "
              "is what the training data has most often",
              AtLeast(3))
          .Optional("lower", &TokenSpec::lower, "whether capital letters count as small ones")
          .Optional("length", &TokenSpec::length,
                    "the length of every sequence: longer ones are cut, shorter ones padded; "
                    "default: as long as the text",
                    IfGiven(AtLeast(1)))
          .Example("200")
          .Shorthand("by"));
  return *kFields;
}

}  // namespace

bool FieldTraits<TokenSpec>::Parse(const Value& value, const std::string& key,
                                   Diagnostics* diagnostics, TokenSpec* to) {
  return TokenFields().Parse(value, key, diagnostics, to);
}

KeyTable TokenKeys() { return TokenFields().Describe(); }

}  // namespace kur
