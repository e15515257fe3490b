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

// A range of a data set's samples in random order: "100", "100-200", "100-", "10%", "10-20%",
// "90-%". The end is excluded.
struct SampleRange {
  double start = 0;
  std::optional<double> end;  // absent: to the last sample
  bool percent = false;       // start and end are percentages

  // Returns the range among `size` samples as [first, second); empty if first >= second.
  std::pair<int64_t, int64_t> Resolve(int64_t size) const;
};

// How features are normalized.
struct NormalizationSpec {
  // The file of the FeatureStatistics; absent: they are learned anew in every run. Training and
  // evaluation should name the same file.
  std::optional<FileReference> path;
  // As in FeatureNormalizer::Options.
  bool center = true;
  bool scale = true;
  Rotation rotate = Rotation::kZca;
  // The number of recordings to learn statistics from. More take longer and estimate better.
  int64_t depth = 100;
};

// The vocabulary of one text: nothing (the elements that occur in the data), a JSON file with a
// list of strings, or a list of strings.
using VocabularySpec = std::variant<std::monostate, FileReference, std::vector<std::string>>;

// Parses `vocab` into one vocabulary for each of the texts `keys`. Null, a path or a list of
// strings applies to all texts; a dictionary has an entry for each key; a list of lists has one
// for each key in order. Returns false if an error was reported.
bool ParseVocabularies(const Value& value, const std::string& key,
                       const std::vector<std::string>& keys, Diagnostics* diagnostics,
                       std::vector<VocabularySpec>* to);

// Parses `unknown` in the same way: null, a string, a dictionary or a list.
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

// Returns the documented keys of `normalization`.
KeyTable NormalizationKeys();

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPEECH_OPTIONS_H_
