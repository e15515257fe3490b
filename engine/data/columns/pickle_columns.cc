#include "engine/data/columns/pickle_columns.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

using Type = PickleValue::Type;

bool IsSequence(const PickleValue& value) {
  return value.type() == Type::kList || value.type() == Type::kTuple;
}

// Flattens nested lists into an array in row-major order.
class Flattener {
 public:
  explicit Flattener(int64_t max_elements) : max_elements_(max_elements) {}

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
  std::vector<int64_t> shape_;
  std::vector<float> numbers_;
};

}  // namespace

absl::StatusOr<Array> ToArray(const PickleValue& value, int64_t max_elements) {
  if (value.type() == Type::kArray) return value.as_array();
  return Flattener(max_elements).Flatten(value);
}

absl::StatusOr<std::map<std::string, Array>> ColumnsFromPickle(const PickleValue& pickle,
                                                               int64_t file_size) {
  if (pickle.type() != Type::kDict) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the pickle must hold a dictionary of arrays, not a ", TypeName(pickle.type())));
  }
  // A number takes at least a byte of the file, unless the pickle refers to a list repeatedly.
  const int64_t max_elements = std::max(int64_t{1} << 20, 8 * file_size);
  std::map<std::string, Array> columns;
  for (const auto& [key, value] : pickle.as_dict()) {
    if (key.type() != Type::kString) {
      return absl::InvalidArgumentError(
          absl::StrCat("the keys of the dictionary must be strings, not ", TypeName(key.type())));
    }
    auto array = ToArray(value, max_elements);
    if (!array.ok()) {
      return Annotate(array.status(), absl::StrCat("key '", key.as_string(), "'"));
    }
    columns[key.as_string()] = *std::move(array);
  }
  if (columns.empty()) return absl::InvalidArgumentError("the dictionary is empty");
  return columns;
}

}  // namespace kur
