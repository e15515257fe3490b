#ifndef KUR_ENGINE_KURFILE_SPECS_COLUMN_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_COLUMN_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/location.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/specs/column_scaling.h"
#include "engine/value/diagnostics.h"
#include "engine/value/shape.h"
#include "engine/value/value.h"

namespace kur {

// Which values stand for which class.
struct ClassList {
  int64_t count = 0;
  // The value of each class, in one of two forms; neither: the number of the class, from 0.
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

// One source that `columns` asks for.
struct ColumnSpec {
  std::string name;
  std::vector<std::string> from;  // at least one; several are put together along the last axis
  std::optional<ClassList> one_hot;
  std::optional<ColumnScaling> normalize;
  Location location;
  std::string key;  // "train.data[0].columns.species"
};

// The shape of `labels` as one-hot vectors: single ones become a vector, others get an axis more.
Shape OneHotShape(Shape labels, int64_t classes);

// Reads `columns`, which stands at `key`: a list of names, or names with what each is made of.
// False if anything was reported.
bool ParseColumns(const Value& value, const std::string& key, Diagnostics* diagnostics,
                  std::vector<ColumnSpec>* columns);

// The keys of one column.
KeyTable ColumnKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_COLUMN_SPEC_H_
