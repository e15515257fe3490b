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

// `split`: how the sections of a Kurfile share the samples of a supplier.
struct SplitSpec {
  std::optional<double> train;
  std::optional<double> validate;
  std::optional<double> test;
  std::optional<double> evaluate;
  int64_t seed = 0;

  // Returns the part of a section as a range [first, second) in a random order of `size` samples;
  // the range may be empty. A section without a share gets what the shares leave. The parts of
  // different shares do not overlap, and together they are all samples.
  std::pair<int64_t, int64_t> PartOf(const std::string& section, int64_t size) const;

  // Returns the share, in [0, 1], that is left for sections without a share.
  double Remainder() const;
  // Returns whether the section has a share of its own.
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

// Returns the keys of `split`.
KeyTable SplitKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SPLIT_SPEC_H_
