// Reads attributes, items and slices.

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"

namespace kur::jinja {
namespace {

Object Missing(const Object& object, absl::string_view name, const std::string& path) {
  if (FindMethod(object, name) != nullptr) {
    return Object::Undefined(
        absl::StrCat("'", name, "' is a method; call it, as in '", name, "()'"));
  }
  UndefinedInfo info;
  info.reason = UndefinedInfo::Reason::kUnknownAttribute;
  info.name = path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
  if (object.is_mapping()) info.owner = object.as_mapping().source();
  return Object(std::move(info));
}

Object MissingIndex(int64_t index, int64_t size, const std::string& path) {
  const std::string owner = path.empty() ? "there is" : absl::StrCat("'", path, "' has");
  return Object::Undefined(
      absl::StrCat(owner, " no item ", index, ": it has ", size, size == 1 ? " item" : " items"));
}

// Returns the entry of a dictionary; nothing for a key that is not there or can be none.
absl::StatusOr<std::optional<Object>> FindKey(Runtime* runtime, const Mapping& mapping,
                                              const Object& key) {
  KUR_RETURN_IF_ERROR(runtime->budget().Spend(1 + mapping.size() / 64));
  const auto hash_key = HashKeyOf(runtime, key);
  if (absl::IsResourceExhausted(hash_key.status())) return hash_key.status();
  if (!hash_key.ok()) return std::optional<Object>();
  return mapping.Find(key, *hash_key);
}

// Returns the item of a string or sequence; `index` counts from the end if negative.
absl::StatusOr<Object> ItemAt(Runtime* runtime, const Object& object, int64_t index,
                              const std::string& path) {
  if (object.is_sequence()) {
    const Sequence& sequence = object.as_sequence();
    const int64_t at = index < 0 ? index + sequence.size() : index;
    if (at < 0 || at >= sequence.size()) return MissingIndex(index, sequence.size(), path);
    return sequence.at(at);
  }
  KUR_RETURN_IF_ERROR(runtime->budget().SpendOnText(object.as_string().size()));
  const int64_t size = CharacterCount(object.as_string());
  const int64_t at = index < 0 ? index + size : index;
  if (at < 0 || at >= size) return MissingIndex(index, size, path);
  absl::string_view text = object.as_string();
  text.remove_prefix(CharacterPrefix(text, at).size());
  return Object(LeadingCharacter(text));
}

// The bounds of a slice as Python clips them to a length.
struct SliceBounds {
  int64_t begin, end, step;
};

absl::StatusOr<SliceBounds> ClipSlice(const Object& begin, const Object& end, const Object& step,
                                      int64_t size) {
  for (const Object* bound : {&begin, &end, &step}) {
    if (!bound->is_none() && !bound->is_integral()) {
      return Fail("a slice needs integers, not ", KindOf(*bound));
    }
  }
  SliceBounds bounds{0, size, step.is_none() ? 1 : step.as_int()};
  if (bounds.step == 0) return Fail("the step of a slice cannot be 0");
  const bool backward = bounds.step < 0;
  const int64_t lowest = backward ? -1 : 0;
  const int64_t highest = backward ? size - 1 : size;
  const auto clip = [&](const Object& bound, int64_t missing) {
    if (bound.is_none()) return missing;
    const int64_t at = bound.as_int() < 0 ? bound.as_int() + size : bound.as_int();
    return std::clamp(at, lowest, highest);
  };
  bounds.begin = clip(begin, backward ? highest : lowest);
  bounds.end = clip(end, backward ? lowest : highest);
  // A longer step than the whole changes nothing, and adding it cannot overflow.
  bounds.step = std::clamp<int64_t>(bounds.step, -size - 1, size + 1);
  return bounds;
}

template <class Visit>
void VisitSlice(const SliceBounds& bounds, Visit visit) {
  for (int64_t i = bounds.begin; bounds.step > 0 ? i < bounds.end : i > bounds.end;
       i += bounds.step) {
    visit(i);
  }
}

}  // namespace

absl::StatusOr<Object> GetAttribute(Runtime* runtime, const Object& object, absl::string_view name,
                                    const std::string& path) {
  if (absl::StartsWith(name, "_")) {
    KUR_RETURN_IF_ERROR(runtime->RequireDefined(object));
    return Fail("'.", name, "': attributes that begin with '_' are out of reach; write ['", name,
                "'] for the key of a dictionary");
  }
  return GetItem(runtime, object, Object(name), path);
}

absl::StatusOr<Object> GetItem(Runtime* runtime, const Object& object, const Object& index,
                               const std::string& path) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(object));
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(index));
  if (object.is_mapping()) {
    KUR_ASSIGN_OR_RETURN(const auto entry, FindKey(runtime, object.as_mapping(), index));
    if (entry.has_value()) return *entry;
  }
  if ((object.is_string() || object.is_sequence()) && index.is_integral()) {
    return ItemAt(runtime, object, index.as_int(), path);
  }
  if (!index.is_string()) {
    KUR_ASSIGN_OR_RETURN(const std::string text, Repr(runtime, index));
    return Missing(object, text, path);
  }
  return Missing(object, index.as_string(), path);
}

absl::StatusOr<Object> GetSlice(Runtime* runtime, const Object& object, const Object& begin,
                                const Object& end, const Object& step) {
  for (const Object* part : {&object, &begin, &end, &step}) {
    KUR_RETURN_IF_ERROR(runtime->RequireDefined(*part));
  }
  if (object.is_string()) {
    KUR_RETURN_IF_ERROR(runtime->budget().SpendOnText(object.as_string().size()));
    const auto characters = SplitCharacters(object.as_string());
    KUR_ASSIGN_OR_RETURN(const SliceBounds bounds,
                         ClipSlice(begin, end, step, static_cast<int64_t>(characters.size())));
    std::string text;
    VisitSlice(bounds,
               [&](int64_t i) { absl::StrAppend(&text, characters[static_cast<size_t>(i)]); });
    return runtime->Text(std::move(text));
  }
  if (!object.is_sequence()) {
    return Fail(KindOf(object), " cannot be sliced");
  }
  const Sequence& sequence = object.as_sequence();
  KUR_RETURN_IF_ERROR(runtime->budget().MakeItems(sequence.size()));
  KUR_ASSIGN_OR_RETURN(const SliceBounds bounds, ClipSlice(begin, end, step, sequence.size()));
  std::vector<Object> items;
  VisitSlice(bounds, [&](int64_t i) { items.push_back(sequence.at(i)); });
  return runtime->MakeSequence(std::move(items), sequence.is_tuple());
}

}  // namespace kur::jinja
