#ifndef KUR_ENGINE_KURFILE_SPECS_SPLIT_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_SPLIT_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// How the samples of a supplier are shared out among the sections of a Kurfile.
struct SplitSpec {
  std::optional<double> train;
  std::optional<double> validate;
  std::optional<double> test;
  std::optional<double> evaluate;
  int64_t seed = 0;

  // The part of a section, as [first, second) of a random order of `size` samples; maybe empty. A
  // section without a part of its own name has what the others leave. Parts of different names do
  // not overlap, and together they are everything.
  std::pair<int64_t, int64_t> PartOf(const std::string& section, int64_t size) const;

  // The share of what the named parts leave, in [0, 1].
  double Remainder() const;
  bool HasPart(const std::string& section) const;

  friend bool operator==(const SplitSpec& a, const SplitSpec& b) {
    return a.train == b.train && a.validate == b.validate && a.test == b.test &&
           a.evaluate == b.evaluate && a.seed == b.seed;
  }
};

template <>
struct FieldTraits<SplitSpec> {
  static std::string Type() { return "dictionary"; }
  static Value Schema() { return TypeSchema("object"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    SplitSpec* to);
  static std::string Format(const SplitSpec&) { return ""; }
};

// The keys of `split`.
KeyTable SplitKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SPLIT_SPEC_H_
