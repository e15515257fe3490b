#ifndef KUR_ENGINE_TEMPLATE_OBJECT_H_
#define KUR_ENGINE_TEMPLATE_OBJECT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/value/value.h"

namespace kur::jinja {

class Object;

// A list or tuple. Immutable; reading is thread-safe.
class Sequence {
 public:
  virtual ~Sequence() = default;
  virtual bool is_tuple() const = 0;
  virtual int64_t size() const = 0;
  // Precondition: 0 <= index < size().
  virtual Object at(int64_t index) const = 0;
  // Returns the levels of nesting of containers that templates made.
  virtual int depth() const = 0;
};

// A dictionary that keeps its order. Immutable; reading is thread-safe.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual int64_t size() const = 0;
  // Precondition: 0 <= index < size().
  virtual Object key(int64_t index) const = 0;
  virtual Object value(int64_t index) const = 0;
  // Returns the value under `key`, whose HashKeyOf() is `hash_key`.
  virtual std::optional<Object> Find(const Object& key, const std::string& hash_key) const = 0;
  virtual int depth() const = 0;
  // Returns the dictionary of a Kurfile behind it, for suggestions; null if a template made it.
  virtual const Dict* source() const { return nullptr; }
};

// What a template got instead of a value. It may be tested with `is defined` and replaced by
// `default`; anything else is an error that tells `name` and `reason`.
struct UndefinedInfo {
  enum class Reason { kUnknownName, kUnknownAttribute, kMessage };
  Reason reason = Reason::kMessage;
  std::string name;             // or the whole message
  const Dict* owner = nullptr;  // what has no such attribute, if it came from a Kurfile
  bool silent = false;          // prints as nothing and is false: an inline `if` without `else`
};

// A value while a template runs. Cheap to copy: strings and containers are shared and immutable.
// May refer to a Value outside (see Wrap()), which must outlive it. Reading is thread-safe.
class Object {
 public:
  enum class Type { kNone, kBool, kInt, kFloat, kString, kSequence, kMapping, kUndefined };

  Object() = default;
  explicit Object(bool value) : data_(value) {}
  explicit Object(int64_t value) : data_(value) {}
  explicit Object(double value) : data_(value) {}
  explicit Object(std::string value)
      : data_(std::make_shared<const std::string>(std::move(value))) {}
  explicit Object(absl::string_view value) : Object(std::string(value)) {}
  explicit Object(const char* value) : Object(std::string(value)) {}
  explicit Object(std::shared_ptr<const Sequence> value) : data_(std::move(value)) {}
  explicit Object(std::shared_ptr<const Mapping> value) : data_(std::move(value)) {}
  explicit Object(UndefinedInfo info)
      : data_(std::make_shared<const UndefinedInfo>(std::move(info))) {}

  // Returns the same as `value`, without a copy of strings and containers.
  static Object Wrap(const Value& value);
  // Returns something undefined whose use is an error with `message`.
  static Object Undefined(std::string message) {
    return Object(UndefinedInfo{UndefinedInfo::Reason::kMessage, std::move(message)});
  }

  Type type() const { return static_cast<Type>(data_.index()); }
  bool is_none() const { return type() == Type::kNone; }
  bool is_bool() const { return type() == Type::kBool; }
  bool is_int() const { return type() == Type::kInt; }
  bool is_float() const { return type() == Type::kFloat; }
  // A boolean is an integer too.
  bool is_integral() const { return is_int() || is_bool(); }
  bool is_number() const { return is_integral() || is_float(); }
  bool is_string() const { return type() == Type::kString; }
  bool is_sequence() const { return type() == Type::kSequence; }
  bool is_tuple() const { return is_sequence() && as_sequence().is_tuple(); }
  bool is_mapping() const { return type() == Type::kMapping; }
  bool is_undefined() const { return type() == Type::kUndefined; }

  // Precondition of each: the object has that type.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return is_bool() ? int64_t{as_bool()} : std::get<int64_t>(data_); }
  double as_float() const {
    return is_float() ? std::get<double>(data_) : static_cast<double>(as_int());
  }
  const std::string& as_string() const {
    return *std::get<std::shared_ptr<const std::string>>(data_);
  }
  const Sequence& as_sequence() const { return *std::get<std::shared_ptr<const Sequence>>(data_); }
  const Mapping& as_mapping() const { return *std::get<std::shared_ptr<const Mapping>>(data_); }
  const UndefinedInfo& undefined() const {
    return *std::get<std::shared_ptr<const UndefinedInfo>>(data_);
  }

  // Returns the levels of nesting of containers that templates made; 0 for a scalar.
  int depth() const;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const Sequence>, std::shared_ptr<const Mapping>,
               std::shared_ptr<const UndefinedInfo>>
      data_;
};

// Returns "a list", "an integer", "none", ...: for messages.
std::string KindOf(const Object& object);

// A list or tuple that a template made. Immutable; reading is thread-safe.
class ObjectSequence final : public Sequence {
 public:
  ObjectSequence(std::vector<Object> items, bool is_tuple);
  bool is_tuple() const override { return is_tuple_; }
  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  Object at(int64_t index) const override { return items_[static_cast<size_t>(index)]; }
  int depth() const override { return depth_; }

 private:
  std::vector<Object> items_;
  bool is_tuple_;
  int depth_;
};

// A dictionary that a template made. Not thread-safe while it is built, thread-safe to read.
class ObjectMapping final : public Mapping {
 public:
  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  Object key(int64_t index) const override { return entries_[static_cast<size_t>(index)].first; }
  Object value(int64_t index) const override { return entries_[static_cast<size_t>(index)].second; }
  std::optional<Object> Find(const Object& key, const std::string& hash_key) const override;
  int depth() const override { return depth_; }

  // Adds an entry, or replaces the value of an existing one. Only while it is being built.
  void Set(const std::string& hash_key, Object key, Object value);

 private:
  std::vector<std::pair<Object, Object>> entries_;
  absl::flat_hash_map<std::string, size_t> index_;
  int depth_ = 1;
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_OBJECT_H_
