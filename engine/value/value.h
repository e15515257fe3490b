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

// A dictionary that keeps the order of insertion. Keys are scalars (nearly always strings), as in
// YAML and Python; 1, 1.0 and true are the same key, as in Python. Not thread-safe.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  Dict() = default;

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

  // Returns the value under `key`, or null. The pointer is valid until the dictionary changes.
  const Value* Find(absl::string_view key) const;
  const Value* Find(const Value& key) const;
  // Returns the stored key, which has the location where it was written, or null.
  const Value* FindKey(absl::string_view key) const;
  bool Contains(absl::string_view key) const { return Find(key) != nullptr; }

  // Adds an entry. If `key` exists, replaces only its value.
  void Set(Value key, Value value);
  // Removes an entry. Returns false if there was none.
  bool Erase(absl::string_view key);

 private:
  const Entry* FindEntry(const Value& key) const;
  const Entry* FindEntry(absl::string_view key) const;
  // Builds `index_`.
  void Index();

  std::vector<Entry> entries_;
  // From the canonical text of each key to its position in `entries_`. Empty for a dictionary that
  // is small enough for a linear search.
  absl::flat_hash_map<std::string, size_t> index_;
};

// A value of the Kurfile language (null, boolean, integer, float, string, list or dictionary) with
// the place where it was written. An immutable tree that shares its parts: copying is cheap, and to
// change a list or dictionary one builds a new one. Thread-safe.
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

  // Precondition of each accessor: the value has that type.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  // Accepts an integer, too.
  double as_float() const {
    return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_);
  }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const List& as_list() const { return *std::get<std::shared_ptr<const List>>(data_); }
  const Dict& as_dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }

  // Returns the value under `key` of a dictionary; null for a missing key and for any other type.
  const Value* Find(absl::string_view key) const {
    return is_dict() ? as_dict().Find(key) : nullptr;
  }

  const Location& location() const { return location_; }
  // Returns the same value with another location.
  Value At(Location location) const {
    Value copy = *this;
    copy.location_ = std::move(location);
    return copy;
  }

  // Compares as Python does: 1 == 1.0 == True; the order of keys does not matter. Ignores
  // locations.
  friend bool operator==(const Value& a, const Value& b);
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, std::shared_ptr<const List>,
               std::shared_ptr<const Dict>>
      data_;
  Location location_;
};

// Returns "null", "boolean", "integer", "float", "string", "list" or "dictionary".
absl::string_view TypeName(Value::Type type);

// Returns JSON, with one element a line if `indent` >= 0, else compact. Writes NaN and infinities,
// which JSON lacks, as the strings "nan", "inf" and "-inf".
std::string ToJson(const Value& value, int indent = -1);

// Returns a short text for messages: JSON without likely secrets, cut at about 60 characters.
std::string Describe(const Value& value);

// Formats a number as Python's repr() does: the shortest text that reads back as the same number,
// with a '.' or an exponent, or "inf" or "nan".
std::string FormatFloat(double value);

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_VALUE_H_
