#ifndef KUR_ENGINE_DATA_ENCODING_H_
#define KUR_ENGINE_DATA_ENCODING_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// How the values of one source become the numbers that a model reads, learnt from the data that it
// was trained with. Part of the model: the same texts with other numbers are other data to it.
struct Encoding {
  // The texts (classes, characters, words) of the numbers 0, 1, ..., as in SymbolTable. Empty: the
  // values are numbers.
  std::vector<std::string> symbols;
  // By their names; each kind of preprocessing has its own: "scale" and "offset" of `normalize`.
  std::map<std::string, std::vector<double>> statistics;

  bool empty() const { return symbols.empty() && statistics.empty(); }
  friend bool operator==(const Encoding& a, const Encoding& b) {
    return a.symbols == b.symbols && a.statistics == b.statistics;
  }
};

// By the name of the source.
using Encodings = std::map<std::string, Encoding>;

// Returns encodings as JSON, {SOURCE: {"symbols": [...], STATISTIC: [...]}}, with every number to
// its last bit. INVALID_ARGUMENT for symbols that are not UTF-8, RESOURCE_EXHAUSTED for more than
// kMaxEncodingBytes.
absl::StatusOr<std::string> FormatEncodings(const Encodings& encodings);

// Reads what FormatEncodings() returned. DATA_LOSS for anything else.
absl::StatusOr<Encodings> ParseEncodings(absl::string_view text);

// Says in a few words what the encodings know, for a list of files: "species: setosa, virginica; m:
// normalized". Empty: nothing.
std::string SummarizeEncodings(const Encodings& encodings);

// Leaves readers of safetensors files that take no header of over 100 MB enough for the tensors.
constexpr size_t kMaxEncodingBytes = size_t{64} << 20;

// The encodings of the model for which data is opened. Not thread-safe.
class ModelEncodings {
 public:
  // Of a model that nobody has trained yet.
  ModelEncodings() = default;
  // Of a model whose weights are those in the file `weights`; absent encodings: the file does not
  // tell them, as it is of an earlier version or another program.
  ModelEncodings(std::optional<Encodings> known, std::string weights);

  // Whether the data that is being opened is what the model is trained with, and teaches it the
  // encodings that it lacks.
  bool is_learning() const { return is_learning_; }
  void StopLearning() { is_learning_ = false; }

  // Null: not known.
  const Encoding* Find(const std::string& source) const;
  // Returns the encoding to add to. Precondition: is_learning().
  Encoding* Learn(const std::string& source);

  // Whether to warn that an encoding is made up now that the model should have had: true once.
  bool TakeWarning();
  // Says who knows the encoding of a source, for messages: "the weights best.kur have".
  std::string Owner(const std::string& source) const;
  // Says how the data that is being opened may have another encoding of a source, as the end of a
  // message; empty: it may not.
  std::string WayOut(const std::string& source) const;

  const Encodings& all() const { return encodings_; }

 private:
  Encodings encodings_;
  std::string weights_;           // empty: there are none
  std::set<std::string> learnt_;  // the sources of which the data has taught something
  bool is_learning_ = true;
  bool is_ignorant_ = false;  // the weights do not tell encodings
  bool has_warned_ = false;
};

// Returns the names of classes in the order of their numbers: as integers if all are distinct
// integers, otherwise as text.
std::vector<std::string> SortClasses(const std::set<std::string>& names);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_ENCODING_H_
