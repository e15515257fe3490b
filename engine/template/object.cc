#include "engine/template/object.h"

#include <algorithm>

namespace kur::jinja {
namespace {

// Shows a list of a Kurfile, which must outlive it. Immutable; reading is thread-safe.
class ValueSequence final : public Sequence {
 public:
  explicit ValueSequence(const Value::List* list) : list_(list) {}
  bool is_tuple() const override { return false; }
  int64_t size() const override { return static_cast<int64_t>(list_->size()); }
  Object at(int64_t index) const override {
    return Object::Wrap((*list_)[static_cast<size_t>(index)]);
  }
  // The reader of Kurfiles bounds their nesting.
  int depth() const override { return 1; }

 private:
  const Value::List* list_;
};

// Shows a dictionary of a Kurfile, which must outlive it. Immutable; reading is thread-safe.
class ValueMapping final : public Mapping {
 public:
  explicit ValueMapping(const Dict* dict) : dict_(dict) {}
  int64_t size() const override { return static_cast<int64_t>(dict_->size()); }
  Object key(int64_t index) const override { return Object::Wrap((dict_->begin() + index)->first); }
  Object value(int64_t index) const override {
    return Object::Wrap((dict_->begin() + index)->second);
  }
  std::optional<Object> Find(const Object& key, const std::string&) const override {
    const Value* found = FindValue(key);
    if (found == nullptr) return std::nullopt;
    return Object::Wrap(*found);
  }
  int depth() const override { return 1; }
  const Dict* source() const override { return dict_; }

 private:
  const Value* FindValue(const Object& key) const {
    if (key.is_string()) return dict_->Find(absl::string_view(key.as_string()));
    if (key.is_integral()) return dict_->Find(Value(key.as_int()));
    if (key.is_float()) return dict_->Find(Value(key.as_float()));
    return key.is_none() ? dict_->Find(Value()) : nullptr;
  }

  const Dict* dict_;
};

}  // namespace

Object Object::Wrap(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return Object();
    case Value::Type::kBool:
      return Object(value.as_bool());
    case Value::Type::kInt:
      return Object(value.as_int());
    case Value::Type::kFloat:
      return Object(value.as_float());
    case Value::Type::kString: {
      Object object;
      // Points to the string itself and owns nothing.
      object.data_ =
          std::shared_ptr<const std::string>(std::shared_ptr<void>(), &value.as_string());
      return object;
    }
    case Value::Type::kList:
      return Object(std::make_shared<const ValueSequence>(&value.as_list()));
    case Value::Type::kDict:
      return Object(std::make_shared<const ValueMapping>(&value.as_dict()));
  }
  return Object();
}

int Object::depth() const {
  if (is_sequence()) return as_sequence().depth();
  if (is_mapping()) return as_mapping().depth();
  return 0;
}

std::string KindOf(const Object& object) {
  // In the order of Object::Type.
  static constexpr absl::string_view kKinds[] = {"none",         "a boolean",          "an integer",
                                                 "a float",      "a string",           "a list",
                                                 "a dictionary", "something undefined"};
  return object.is_tuple() ? "a tuple" : std::string(kKinds[static_cast<size_t>(object.type())]);
}

ObjectSequence::ObjectSequence(std::vector<Object> items, bool is_tuple)
    : items_(std::move(items)), is_tuple_(is_tuple), depth_(1) {
  for (const Object& item : items_) depth_ = std::max(depth_, item.depth() + 1);
}

std::optional<Object> ObjectMapping::Find(const Object&, const std::string& hash_key) const {
  const auto it = index_.find(hash_key);
  if (it == index_.end()) return std::nullopt;
  return entries_[it->second].second;
}

void ObjectMapping::Set(const std::string& hash_key, Object key, Object value) {
  depth_ = std::max({depth_, key.depth() + 1, value.depth() + 1});
  const auto [it, inserted] = index_.emplace(hash_key, entries_.size());
  if (inserted) {
    entries_.emplace_back(std::move(key), std::move(value));
  } else {
    entries_[it->second].second = std::move(value);
  }
}

}  // namespace kur::jinja
