#ifndef KUR_ENGINE_KURFILE_SPECS_COLUMN_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_COLUMN_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/location.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/specs/column_scaling.h"
#include "engine/kurfile/specs/token_spec.h"
#include "engine/value/diagnostics.h"
#include "engine/value/shape.h"
#include "engine/value/value.h"

namespace kur {

// The classes of a column and the values that stand for them.
struct ClassList {
  // Whether the classes are those that the data has: `one_hot: yes`. The rest is then empty.
  bool is_inferred = false;
  int64_t count = 0;  // kUnknown if they are to be inferred
  // The value of each class, as a number or a text. If both are empty, the value is the number of
  // the class, from 0.
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

// What is done about samples that lack a value.
struct GapSpec {
  enum class Kind {
    kError,
    kDrop,  // the sample is left out
    // The value of the training data stands for it.
    kMean,
    kMedian,
    kMostFrequent,
    // A given one does.
    kNumber,
    kText,
  };
  Kind kind = Kind::kError;
  double number = 0;
  std::string text;

  bool is_learnt() const {
    return kind == Kind::kMean || kind == Kind::kMedian || kind == Kind::kMostFrequent;
  }
};

// One source that `columns` defines.
struct ColumnSpec {
  std::string name;
  // At least one name or pattern; several are concatenated along the last axis.
  std::vector<std::string> from;
  GapSpec missing;
  std::optional<ClassList> one_hot;
  std::optional<ColumnScaling> normalize;
  std::optional<TokenSpec> tokens;
  // The shape that samples are given in the end; empty: they keep theirs.
  std::vector<int64_t> shape;
  Location location;
  std::string key;  // "train.data[0].columns.species"
};

// Returns the shape of `labels` as one-hot vectors: (1) becomes (classes), any other shape gets a
// further axis.
Shape OneHotShape(Shape labels, int64_t classes);

// Parses `columns` at `key`: a list of names, or names with the definition of each. Returns false
// after an error.
bool ParseColumns(const Value& value, const std::string& key, Diagnostics* diagnostics,
                  std::vector<ColumnSpec>* columns);

// Returns the keys of one column.
KeyTable ColumnKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_COLUMN_SPEC_H_
