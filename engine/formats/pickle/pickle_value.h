#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_VALUE_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_VALUE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/formats/array.h"

namespace kur {

// A Python value of one of the types that are data: None, bool, int (of 64 bits), float, str
// (UTF-8), bytes, list, tuple, set, dict (in order of insertion) and numpy.ndarray. Immutable;
// copies share their parts, so copying is cheap. Thread-safe.
class PickleValue {
 public:
  enum class Type {
    kNone,
    kBool,
    kInt,
    kFloat,
    kString,
    kBytes,
    kList,
    kTuple,
    kSet,
    kDict,
    kArray
  };
  using List = std::vector<PickleValue>;
  using Dict = std::vector<std::pair<PickleValue, PickleValue>>;

  PickleValue() = default;
  explicit PickleValue(bool value) : type_(Type::kBool), data_(value) {}
  explicit PickleValue(int64_t value) : type_(Type::kInt), data_(value) {}
  explicit PickleValue(double value) : type_(Type::kFloat), data_(value) {}
  explicit PickleValue(const char* value) : PickleValue(std::string(value)) {}
  explicit PickleValue(std::string value);
  explicit PickleValue(Array value);
  static PickleValue MakeBytes(std::string value);
  static PickleValue MakeList(List elements);
  static PickleValue MakeTuple(List elements);
  static PickleValue MakeSet(List elements);
  static PickleValue MakeDict(Dict entries);

  Type type() const { return type_; }

  // Precondition of each: the value has that type.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  double as_float() const { return std::get<double>(data_); }
  // Accepts a string or bytes.
  const std::string& as_string() const { return *std::get<SharedString>(data_); }
  // Accepts a list, tuple or set.
  const List& as_list() const { return *std::get<SharedList>(data_); }
  const Dict& as_dict() const { return *std::get<SharedDict>(data_); }
  const Array& as_array() const { return *std::get<SharedArray>(data_); }

  // Returns the value of a dictionary under the string `key` (the last of several); null if there
  // is none, and for any other type.
  const PickleValue* Find(absl::string_view key) const;

 private:
  using SharedString = std::shared_ptr<const std::string>;
  using SharedList = std::shared_ptr<const List>;
  using SharedDict = std::shared_ptr<const Dict>;
  using SharedArray = std::shared_ptr<const Array>;

  Type type_ = Type::kNone;
  std::variant<std::monostate, bool, int64_t, double, SharedString, SharedList, SharedDict,
               SharedArray>
      data_;
};

// Returns the name in Python: "None", "bool", "int", "str", "dict", "numpy.ndarray".
absl::string_view TypeName(PickleValue::Type type);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_VALUE_H_
