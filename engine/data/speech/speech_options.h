#ifndef KUR_ENGINE_DATA_SPEECH_SPEECH_OPTIONS_H_
#define KUR_ENGINE_DATA_SPEECH_SPEECH_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/data/speech/feature_normalizer.h"
#include "engine/kurfile/schema/fields.h"

namespace kur {

// Which samples of a data set to take, out of a random order of them: "100", "100-200", "100-",
// "10%", "10-20%", "90-%". Ends are excluded.
struct SampleRange {
  double start = 0;
  std::optional<double> end;  // absent: to the last
  bool percent = false;

  // The range of `size` samples as [first, second); empty if first >= second.
  std::pair<int64_t, int64_t> Of(int64_t size) const;
};

// Where the statistics of the features are kept and what is done with them.
struct NormalizationSpec {
  std::optional<FileReference> path;  // absent: learned anew in every run
  bool center = true;
  bool scale = true;
  Rotation rotate = Rotation::kZca;
  int64_t depth = 100;  // recordings to learn from
};

// The vocabulary of one text: what the data has, a JSON file with a list, or a list.
using VocabularySpec = std::variant<std::monostate, FileReference, std::vector<std::string>>;

// Reads `vocab` for texts of the names `keys`, one vocabulary each: null, a path or a list of
// strings stands for all of them; a dictionary has one for each key, a list of lists one for each
// in order. False if anything was reported.
bool ParseVocabularies(const Value& value, const std::string& key,
                       const std::vector<std::string>& keys, Diagnostics* diagnostics,
                       std::vector<VocabularySpec>* to);

// Reads `unknown` likewise: null, a string, a dictionary or a list.
bool ParseUnknowns(const Value& value, const std::string& key, const std::vector<std::string>& keys,
                   Diagnostics* diagnostics, std::vector<std::optional<std::string>>* to);

template <>
struct FieldTraits<SampleRange> {
  static std::string Type() { return "integer or range"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("integer"), TypeSchema("string")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    SampleRange* to);
  static std::string Format(const SampleRange&) { return ""; }
};

template <>
struct FieldTraits<Rotation> {
  static std::string Type() { return "boolean, zca or pca"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("boolean"), TypeSchema("string")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Rotation* to);
  static std::string Format(const Rotation& rotation) {
    return rotation == Rotation::kZca ? "zca" : rotation == Rotation::kPca ? "pca" : "no";
  }
};

template <>
struct FieldTraits<NormalizationSpec> {
  static std::string Type() { return "path, or {path, center, scale, rotate, depth}"; }
  static Value Schema();
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    NormalizationSpec* to);
  static std::string Format(const NormalizationSpec&) { return "null"; }
};

// The keys of `normalization`.
KeyTable NormalizationKeys();

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPEECH_OPTIONS_H_
