#include "engine/data/columns/pickle_columns.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/columns/float_column.h"
#include "engine/data/columns/table_column.h"
#include "engine/value/shape.h"

namespace kur {
namespace {

using Type = PickleValue::Type;

bool IsSequence(const PickleValue& value) {
  return value.type() == Type::kList || value.type() == Type::kTuple;
}

// Flattens nested lists into an array in row-major order.
class Flattener {
 public:
  Flattener(int64_t max_elements, bool may_have_gaps)
      : max_elements_(max_elements), may_have_gaps_(may_have_gaps) {}

  absl::StatusOr<Array> Flatten(const PickleValue& value) {
    SetShape(value);
    KUR_RETURN_IF_ERROR(Add(value, 0));
    return Array::FromValues(shape_, numbers_);
  }

 private:
  // Sets the shape by the first element of every list. Add() checks the other elements.
  void SetShape(const PickleValue& value) {
    const PickleValue* inner = &value;
    while (IsSequence(*inner)) {
      shape_.push_back(static_cast<int64_t>(inner->as_list().size()));
      if (inner->as_list().empty()) return;
      inner = &inner->as_list().front();
    }
    if (inner->type() == Type::kArray) {
      const std::vector<int64_t>& rest = inner->as_array().shape();
      shape_.insert(shape_.end(), rest.begin(), rest.end());
    }
  }

  absl::Status Add(const PickleValue& value, size_t axis) {
    switch (value.type()) {
      case Type::kList:
      case Type::kTuple:
        return AddList(value.as_list(), axis);
      case Type::kArray:
        return AddArray(value.as_array(), axis);
      case Type::kBool:
        return AddNumber(value.as_bool() ? 1 : 0, axis);
      case Type::kInt:
        return AddNumber(static_cast<float>(value.as_int()), axis);
      case Type::kFloat:
        return AddNumber(static_cast<float>(value.as_float()), axis);
      case Type::kNone:
        if (may_have_gaps_) return AddNumber(std::numeric_limits<float>::quiet_NaN(), axis);
        [[fallthrough]];
      default:
        return absl::InvalidArgumentError(
            absl::StrCat("it holds a ", TypeName(value.type()), " where a number is expected"));
    }
  }

  absl::Status AddList(const PickleValue::List& elements, size_t axis) {
    if (axis >= shape_.size() || shape_[axis] != static_cast<int64_t>(elements.size())) {
      return Uneven();
    }
    for (const PickleValue& element : elements) KUR_RETURN_IF_ERROR(Add(element, axis + 1));
    return absl::OkStatus();
  }

  absl::Status AddArray(const Array& array, size_t axis) {
    const auto rest = shape_.begin() + static_cast<std::ptrdiff_t>(std::min(axis, shape_.size()));
    if (std::vector<int64_t>(rest, shape_.end()) != array.shape()) return Uneven();
    KUR_RETURN_IF_ERROR(Reserve(array.count()));
    for (int64_t i = 0; i < array.count(); ++i) {
      numbers_.push_back(static_cast<float>(array.At(i)));
    }
    return absl::OkStatus();
  }

  absl::Status AddNumber(float number, size_t axis) {
    if (axis != shape_.size()) return Uneven();
    KUR_RETURN_IF_ERROR(Reserve(1));
    numbers_.push_back(number);
    return absl::OkStatus();
  }

  absl::Status Reserve(int64_t count) const {
    if (count <= max_elements_ - static_cast<int64_t>(numbers_.size())) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("its lists unfold to more than ", max_elements_, " numbers"));
  }

  static absl::Status Uneven() {
    return absl::InvalidArgumentError(
        "its lists differ in length or depth; samples must all have one shape");
  }

  const int64_t max_elements_;
  const bool may_have_gaps_;
  std::vector<int64_t> shape_;
  std::vector<float> numbers_;
};

bool IsText(const PickleValue& value) {
  return value.type() == Type::kString || value.type() == Type::kBytes;
}

// Returns the first extent of a sample; nothing for a number.
std::optional<int64_t> FirstExtent(const PickleValue& sample) {
  if (IsSequence(sample)) return static_cast<int64_t>(sample.as_list().size());
  if (sample.type() != Type::kArray || sample.as_array().shape().empty()) return std::nullopt;
  return sample.as_array().shape()[0];
}

// Whether the samples of a list are sequences of several lengths.
bool IsRagged(const PickleValue& value) {
  if (!IsSequence(value) || value.as_list().empty()) return false;
  const PickleValue::List& samples = value.as_list();
  const auto first = FirstExtent(samples[0]);
  return first.has_value() &&
         std::all_of(samples.begin(), samples.end(),
                     [](const PickleValue& sample) { return FirstExtent(sample).has_value(); }) &&
         std::any_of(samples.begin(), samples.end(),
                     [&](const PickleValue& sample) { return FirstExtent(sample) != first; });
}

absl::StatusOr<std::shared_ptr<const Source>> MakeRaggedSource(const PickleValue& value,
                                                               int64_t max_elements) {
  FloatColumn column;
  std::optional<Shape> row;  // that of the samples that are not empty
  for (const PickleValue& sample : value.as_list()) {
    const std::string where = absl::StrCat("its sample ", column.num_samples());
    const int64_t extent = *FirstExtent(sample);
    if (extent == 0) {
      column.EndSample(0);
      continue;
    }
    auto array = ToArray(sample, max_elements);
    if (!array.ok()) return Annotate(array.status(), where);
    max_elements -= array->count();
    const Shape rest(array->shape().begin() + 1, array->shape().end());
    if (!row.has_value()) row = rest;
    if (*row != rest) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, " has rows of the shape ", ToString(rest), ", those before it ",
                       ToString(*row), "; samples may only differ in their length"));
    }
    for (int64_t i = 0; i < array->count(); ++i) column.Push(static_cast<float>(array->At(i)));
    column.EndSample(extent);
  }
  return std::move(column).Build(row.value_or(Shape()));
}

// Makes a source of texts, each of which stands for a class of the column.
absl::StatusOr<std::shared_ptr<const Source>> MakeTextSource(const std::string& name,
                                                             const PickleValue::List& texts,
                                                             const WantedColumns::Column* column) {
  TextClasses classes = column == nullptr ? TextClasses() : TextClasses(*column);
  if (classes.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it holds texts; columns: {NAME: {from: ", name,
        ", one_hot: yes}} makes classes of them, and columns without it leave it out"));
  }
  FloatColumn numbers;
  for (const PickleValue& text : texts) {
    const std::string where = absl::StrCat("its sample ", numbers.num_samples());
    if (!IsText(text) && text.type() != Type::kNone) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, " is a ", TypeName(text.type()), " among texts"));
    }
    const std::string cell = IsText(text) ? text.as_string() : "";
    const auto number = classes.NumberOf(cell);
    if (!number.ok()) return Annotate(number.status(), where);
    if (classes.IsGap(cell) && !column->may_have_gaps) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, " holds nothing", GapAdvice(column->used_as)));
    }
    numbers.Push(*number);
    numbers.EndSample(1);
  }
  KUR_ASSIGN_OR_RETURN(auto source, std::move(numbers).Build({}));
  return WithTexts(std::move(source), classes.TakeCollected());
}

absl::StatusOr<std::shared_ptr<const Source>> MakeSource(const std::string& name,
                                                         const PickleValue& value,
                                                         int64_t max_elements,
                                                         const WantedColumns::Column* column) {
  if (IsSequence(value) && std::any_of(value.as_list().begin(), value.as_list().end(), IsText)) {
    return MakeTextSource(name, value.as_list(), column);
  }
  if (IsRagged(value)) return MakeRaggedSource(value, max_elements);
  KUR_ASSIGN_OR_RETURN(Array array,
                       ToArray(value, max_elements, column != nullptr && column->may_have_gaps));
  return ArraySource::Create(std::move(array));
}

}  // namespace

absl::StatusOr<Array> ToArray(const PickleValue& value, int64_t max_elements, bool may_have_gaps) {
  if (value.type() == Type::kArray) return value.as_array();
  return Flattener(max_elements, may_have_gaps).Flatten(value);
}

int64_t MostElements(int64_t file_size) { return std::max(int64_t{1} << 20, 8 * file_size); }

absl::StatusOr<SourceMap> SourcesFromValues(const NamedValues& values, int64_t max_elements,
                                            const std::optional<WantedColumns>& wanted) {
  SourceMap sources;
  for (const auto& [name, value] : values) {
    const auto* const column = wanted.has_value() ? wanted->Find(name) : nullptr;
    if (wanted.has_value() && column == nullptr) continue;
    auto source = MakeSource(name, value, max_elements, column);
    if (!source.ok()) return Annotate(source.status(), absl::StrCat("key '", name, "'"));
    sources[name] = *std::move(source);
  }
  return sources;
}

absl::StatusOr<SourceMap> SourcesFromPickle(const PickleValue& pickle, int64_t file_size,
                                            const std::optional<WantedColumns>& wanted) {
  if (pickle.type() != Type::kDict) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the pickle must hold a dictionary of arrays, not a ", TypeName(pickle.type())));
  }
  NamedValues values;
  std::vector<std::string> names;
  for (const auto& [key, value] : pickle.as_dict()) {
    if (key.type() != Type::kString) {
      return absl::InvalidArgumentError(
          absl::StrCat("the keys of the dictionary must be strings, not ", TypeName(key.type())));
    }
    values[key.as_string()] = value;
    names.push_back(key.as_string());
  }
  if (values.empty()) return absl::InvalidArgumentError("the dictionary is empty");
  if (wanted.has_value()) KUR_RETURN_IF_ERROR(wanted->Check(names));
  return SourcesFromValues(values, MostElements(file_size), wanted);
}

}  // namespace kur
