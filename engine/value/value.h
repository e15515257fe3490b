#ifndef KUR_ENGINE_VALUE_VALUE_H_
#define KUR_ENGINE_VALUE_VALUE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/base/location.h"

namespace kur {

class Value;

// An ordered dictionary. Keys are scalars (nearly always strings), as in YAML and Python; 1, 1.0
// and true are the same key, as they are in Python. Keeps the order of insertion. Not thread-safe.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  Dict() = default;

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

  // The value under `key`, or null. Valid until the dictionary changes.
  const Value* Find(absl::string_view key) const;
  const Value* Find(const Value& key) const;
  // The key itself as it was written (for its location), or null.
  const Value* FindKey(absl::string_view key) const;
  bool Contains(absl::string_view key) const { return Find(key) != nullptr; }

  // Adds an entry, or replaces the value (not the place, nor the key) of an existing one.
  void Set(Value key, Value value);
  // Removes an entry; false if it was not there.
  bool Erase(absl::string_view key);

 private:
  const Entry* FindEntry(const Value& key) const;
  const Entry* FindEntry(absl::string_view key) const;
  // The position of each key in `entries_`, by a text that equal keys share; kept only for
  // dictionaries that are too large to be searched.
  void Index();

  std::vector<Entry> entries_;
  absl::flat_hash_map<std::string, size_t> index_;
};

// A value of the Kurfile language: null, boolean, integer, float, string, list or dictionary, with
// the place where it was written. Values are immutable trees that share their parts, so copying is
// cheap and reading from several threads is safe; to change a list or dictionary, build a new one.
class Value {
 public:
  using List = std::vector<Value>;
  enum class Type { kNull, kBool, kInt, kFloat, kString, kList, kDict };

  Value() = default;
  explicit Value(bool value) : data_(value) {}
  explicit Value(int value) : data_(int64_t{value}) {}
  explicit Value(int64_t value) : data_(value) {}
  explicit Value(double value) : data_(value) {}
  explicit Value(const char* value) : data_(std::string(value)) {}
  explicit Value(std::string value) : data_(std::move(value)) {}
  explicit Value(absl::string_view value) : data_(std::string(value)) {}
  explicit Value(List value) : data_(std::make_shared<const List>(std::move(value))) {}
  explicit Value(Dict value) : data_(std::make_shared<const Dict>(std::move(value))) {}

  Type type() const { return static_cast<Type>(data_.index()); }
  bool is_null() const { return type() == Type::kNull; }
  bool is_bool() const { return type() == Type::kBool; }
  bool is_int() const { return type() == Type::kInt; }
  bool is_float() const { return type() == Type::kFloat; }
  bool is_number() const { return is_int() || is_float(); }
  bool is_string() const { return type() == Type::kString; }
  bool is_list() const { return type() == Type::kList; }
  bool is_dict() const { return type() == Type::kDict; }

  // Precondition of each: the value has that type.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  // An integer is widened.
  double as_float() const {
    return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_);
  }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const List& as_list() const { return *std::get<std::shared_ptr<const List>>(data_); }
  const Dict& as_dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }

  // For a dictionary the value under `key`; null for a missing key and for every other type.
  const Value* Find(absl::string_view key) const {
    return is_dict() ? as_dict().Find(key) : nullptr;
  }

  const Location& location() const { return location_; }
  // The same value, said to stand at `location`.
  Value At(Location location) const {
    Value copy = *this;
    copy.location_ = std::move(location);
    return copy;
  }

  // Equality as in Python: 1 == 1.0 == True; locations do not matter, nor does the order of keys.
  friend bool operator==(const Value& a, const Value& b);
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, std::shared_ptr<const List>,
               std::shared_ptr<const Dict>>
      data_;
  Location location_;
};

// "null", "boolean", "integer", "float", "string", "list", "dictionary".
absl::string_view TypeName(Value::Type type);

// Writes compact JSON. NaN and infinities, which JSON lacks, become the strings "nan", "inf" and
// "-inf". `indent` >= 0 puts every element on a line of its own.
std::string ToJson(const Value& value, int indent = -1);

// Writes a short form for messages: JSON cut at about 60 characters.
std::string Describe(const Value& value);

// Writes a double as Python's repr() does: the shortest text that reads back as the same number,
// always with a '.', an exponent, or "inf"/"nan".
std::string FormatFloat(double value);

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_VALUE_H_
