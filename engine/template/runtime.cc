#include "engine/template/runtime.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/template/builtins.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

// Frames of the evaluator for each level that a person may nest; see Budget::Level.
constexpr int kLevelsPerRecursion = 5;
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

absl::Status Budget::Spend(int64_t steps) {
  steps_left_ -= std::min(steps, steps_left_ + 1);
  if (steps_left_ >= 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("the template takes more than ", limits_.steps,
                                                   " steps; make its loops or texts shorter"));
}

absl::Status Budget::MakeText(int64_t bytes) {
  if (bytes > limits_.output_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the template makes a text of more than ", limits_.output_bytes, " bytes"));
  }
  return Spend(1 + bytes / kBytesPerStep);
}

absl::Status Budget::MakeItems(int64_t items) {
  if (items > limits_.output_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the template makes a list or dictionary of more than ", limits_.output_bytes, " items"));
  }
  return Spend(1 + items / 2);
}

absl::Status Budget::KeepValue(absl::string_view rendered) {
  // What separates the items of a list, should it be one, which each take about so many bytes.
  constexpr int64_t kBytesPerItem = 48;
  const int64_t items =
      std::count_if(rendered.begin(), rendered.end(), [](char c) { return c == ',' || c == ':'; });
  const int64_t bytes = static_cast<int64_t>(rendered.size()) + kBytesPerItem * items;
  value_bytes_left_ -= std::min(bytes, value_bytes_left_ + 1);
  if (value_bytes_left_ >= 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "the values that the Kurfile's templates make are too large together; make lists and texts "
      "shorter");
}

absl::Status Budget::Level::status() const {
  if (budget_->level_ <= budget_->limits_.recursion * kLevelsPerRecursion) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "the template is nested too deeply; does a macro or a loop call itself without end?");
}

absl::StatusOr<Object> Runtime::Text(std::string text) {
  KUR_RETURN_IF_ERROR(budget_.MakeText(static_cast<int64_t>(text.size())));
  return Object(std::move(text));
}

absl::StatusOr<Object> Runtime::List(std::vector<Object> items, Sequence::Kind kind) {
  KUR_RETURN_IF_ERROR(budget_.MakeItems(static_cast<int64_t>(items.size())));
  auto sequence = std::make_shared<const ObjectSequence>(kind, std::move(items));
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

absl::StatusOr<std::vector<Object>> Runtime::Items(const Object& iterable) {
  std::vector<Object> items;
  if (iterable.is_string()) {
    KUR_RETURN_IF_ERROR(budget_.MakeItems(static_cast<int64_t>(iterable.as_string().size())));
    for (const absl::string_view character : Characters(iterable.as_string())) {
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
      for (const std::string& name : FunctionNames()) candidates.push_back(name);
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
    case Object::Type::kNative:
      return true;
    case Object::Type::kUndefined:
      if (object.undefined().silent) return false;
      return RequireDefined(object);
  }
  return false;
}

}  // namespace kur::jinja
