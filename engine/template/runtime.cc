#include "engine/template/runtime.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"
#include "engine/template/builtins.h"

namespace kur::jinja {
namespace {

// More names than anybody reads are not worth comparing.
constexpr size_t kMostCandidates = 1000;

std::vector<std::string> KeysOf(const Dict& dict) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : dict) {
    if (key.is_string()) keys.push_back(key.as_string());
    if (keys.size() >= kMostCandidates) break;
  }
  return keys;
}

}  // namespace

absl::StatusOr<Object> Runtime::Text(std::string text) {
  KUR_RETURN_IF_ERROR(budget_.MakeText(static_cast<int64_t>(text.size())));
  return Object(std::move(text));
}

absl::StatusOr<Object> Runtime::MakeSequence(std::vector<Object> items, bool is_tuple) {
  KUR_RETURN_IF_ERROR(budget_.MakeItems(static_cast<int64_t>(items.size())));
  auto sequence = std::make_shared<const ObjectSequence>(std::move(items), is_tuple);
  if (sequence->depth() > budget_.limits().recursion) {
    return absl::ResourceExhaustedError("the template nests lists too deeply");
  }
  return Object(std::shared_ptr<const Sequence>(std::move(sequence)));
}

absl::StatusOr<Object> Runtime::Dictionary(std::shared_ptr<const ObjectMapping> mapping) {
  KUR_RETURN_IF_ERROR(budget_.MakeItems(mapping->size()));
  if (mapping->depth() > budget_.limits().recursion) {
    return absl::ResourceExhaustedError("the template nests dictionaries too deeply");
  }
  return Object(std::shared_ptr<const Mapping>(std::move(mapping)));
}

absl::Status Runtime::SetEntry(ObjectMapping* mapping, Object key, Object value) {
  KUR_RETURN_IF_ERROR(budget_.Spend(1));
  KUR_ASSIGN_OR_RETURN(const std::string hash_key, HashKeyOf(this, key));
  mapping->Set(hash_key, std::move(key), std::move(value));
  return absl::OkStatus();
}

absl::Status Runtime::SetEntries(ObjectMapping* mapping, const Object& source) {
  if (!source.is_mapping()) return Fail("needs a dictionary, not ", KindOf(source));
  const Mapping& entries = source.as_mapping();
  for (int64_t i = 0; i < entries.size(); ++i) {
    KUR_RETURN_IF_ERROR(SetEntry(mapping, entries.key(i), entries.value(i)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Object>> Runtime::ItemsOf(const Object& iterable) {
  std::vector<Object> items;
  if (iterable.is_string()) {
    KUR_RETURN_IF_ERROR(budget_.MakeItems(static_cast<int64_t>(iterable.as_string().size())));
    for (const absl::string_view character : SplitCharacters(iterable.as_string())) {
      items.emplace_back(character);
    }
    return items;
  }
  if (iterable.is_sequence()) {
    const Sequence& sequence = iterable.as_sequence();
    KUR_RETURN_IF_ERROR(budget_.MakeItems(sequence.size()));
    items.reserve(static_cast<size_t>(sequence.size()));
    for (int64_t i = 0; i < sequence.size(); ++i) items.push_back(sequence.at(i));
    return items;
  }
  if (iterable.is_mapping()) {
    const Mapping& mapping = iterable.as_mapping();
    KUR_RETURN_IF_ERROR(budget_.MakeItems(mapping.size()));
    for (int64_t i = 0; i < mapping.size(); ++i) items.push_back(mapping.key(i));
    return items;
  }
  if (iterable.is_undefined() && iterable.undefined().silent) return items;
  KUR_RETURN_IF_ERROR(RequireDefined(iterable));
  return Fail(KindOf(iterable), " has no items to go through");
}

absl::Status Runtime::RequireDefined(const Object& object) const {
  if (!object.is_undefined()) return absl::OkStatus();
  const UndefinedInfo& info = object.undefined();
  std::vector<std::string> candidates;
  switch (info.reason) {
    case UndefinedInfo::Reason::kMessage:
      return Fail(info.name);
    case UndefinedInfo::Reason::kUnknownName:
      candidates = scope_.Names();
      for (const auto& entry : Functions()) candidates.push_back(entry.first);
      if (candidates.size() > kMostCandidates) candidates.resize(kMostCandidates);
      break;
    case UndefinedInfo::Reason::kUnknownAttribute:
      if (info.owner != nullptr) candidates = KeysOf(*info.owner);
      break;
  }
  const size_t dot = info.name.rfind('.');
  const std::string last = dot == std::string::npos ? info.name : info.name.substr(dot + 1);
  return Fail("'", info.name, "' is undefined", DidYouMean(last, candidates));
}

absl::StatusOr<bool> Runtime::Truth(const Object& object) {
  switch (object.type()) {
    case Object::Type::kNone:
      return false;
    case Object::Type::kBool:
    case Object::Type::kInt:
      return object.as_int() != 0;
    case Object::Type::kFloat:
      return object.as_float() != 0;
    case Object::Type::kString:
      return !object.as_string().empty();
    case Object::Type::kSequence:
      return object.as_sequence().size() != 0;
    case Object::Type::kMapping:
      return object.as_mapping().size() != 0;
    case Object::Type::kUndefined:
      if (object.undefined().silent) return false;
      return RequireDefined(object);
  }
  return false;
}

}  // namespace kur::jinja
