// Holds the filters that work on strings, or on anything as it prints, and the methods of strings.

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

template <std::string (*map)(absl::string_view)>
absl::StatusOr<Object> Map(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  return runtime->Text(map(text));
}

std::string Same(absl::string_view text) { return std::string(text); }

template <bool left, bool right>
absl::StatusOr<Object> StripEnds(Runtime* runtime, const Object& self,
                                 const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  KUR_ASSIGN_OR_RETURN(const std::string chars, arguments.Text(0));
  const std::string* set = arguments.get(0).is_none() ? nullptr : &chars;
  return runtime->Text(std::string(Strip(text, set, left, right)));
}

// Replaces the first `count` occurrences, all if negative. An empty old text stands between all
// characters.
absl::StatusOr<Object> Replace(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string whole, Print(runtime, self));
  KUR_ASSIGN_OR_RETURN(const std::string old_text, Print(runtime, arguments.get(0)));
  KUR_ASSIGN_OR_RETURN(const std::string new_text, Print(runtime, arguments.get(1)));
  KUR_ASSIGN_OR_RETURN(const int64_t count, arguments.Integer(2, -1));
  TextBuilder result(&runtime->budget());
  absl::string_view text = whole;
  for (int64_t left = count < 0 ? INT64_MAX : count; left > 0; --left) {
    const size_t at = text.find(old_text);
    if (at == absl::string_view::npos) break;
    KUR_RETURN_IF_ERROR(result.Append(text.substr(0, at)));
    KUR_RETURN_IF_ERROR(result.Append(new_text));
    text.remove_prefix(at + old_text.size());
    if (!old_text.empty()) continue;
    if (text.empty()) break;
    const absl::string_view character = LeadingCharacter(text);
    KUR_RETURN_IF_ERROR(result.Append(character));
    text.remove_prefix(character.size());
  }
  KUR_RETURN_IF_ERROR(result.Append(text));
  return Object(result.Release());
}

// Formats with '%': "'%s'|format(x)", or "'%(a)s'|format(a=x)".
absl::StatusOr<Object> Format(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  if (arguments.named_rest().empty()) {
    KUR_ASSIGN_OR_RETURN(const Object values, runtime->Tuple(arguments.rest()));
    return FormatPercent(runtime, text, values);
  }
  if (!arguments.rest().empty()) return Fail("takes values with names or without, not both");
  auto mapping = std::make_shared<ObjectMapping>();
  for (const auto& [name, value] : arguments.named_rest()) {
    KUR_RETURN_IF_ERROR(runtime->SetEntry(mapping.get(), Object(name), value));
  }
  KUR_ASSIGN_OR_RETURN(const Object values, runtime->Dictionary(std::move(mapping)));
  return FormatPercent(runtime, text, values);
}

std::vector<absl::string_view> SplitAt(absl::string_view text, absl::string_view separator,
                                       int64_t most) {
  std::vector<absl::string_view> parts;
  while (static_cast<int64_t>(parts.size()) < most) {
    const size_t at = text.find(separator);
    if (at == absl::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.push_back(text);
  return parts;
}

absl::StatusOr<Object> Split(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string separator, arguments.Text(0));
  KUR_ASSIGN_OR_RETURN(int64_t most, arguments.Integer(1, -1));
  if (most < 0) most = INT64_MAX;
  const bool at_space = arguments.get(0).is_none();
  if (!at_space && separator.empty()) return Fail("the separator cannot be empty");
  std::vector<Object> items;
  for (const absl::string_view part :
       at_space ? SplitWords(self.as_string(), most) : SplitAt(self.as_string(), separator, most)) {
    items.emplace_back(part);
  }
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> Join(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->ItemsOf(arguments.get(0)));
  for (const Object& item : items) {
    KUR_RETURN_IF_ERROR(runtime->RequireDefined(item));
    if (!item.is_string()) {
      return Fail("joins strings, not ", KindOf(item), "; the filter 'join' joins anything");
    }
  }
  return JoinTexts(runtime, items, self.as_string());
}

template <bool (*has)(absl::string_view, absl::string_view)>
absl::StatusOr<Object> HasAffix(Runtime* runtime, const Object& self,
                                const BoundArguments& arguments) {
  std::vector<Object> affixes = {arguments.get(0)};
  if (arguments.get(0).is_tuple()) {
    KUR_ASSIGN_OR_RETURN(affixes, runtime->ItemsOf(arguments.get(0)));
  }
  bool found = false;
  for (const Object& affix : affixes) {
    if (!affix.is_string()) {
      return Fail("expected a string or a tuple of them, got ", KindOf(affix));
    }
    found = found || has(self.as_string(), affix.as_string());
  }
  return Object(found);
}

bool StartsWith(absl::string_view text, absl::string_view prefix) {
  return absl::StartsWith(text, prefix);
}
bool EndsWith(absl::string_view text, absl::string_view suffix) {
  return absl::EndsWith(text, suffix);
}

// Returns the index of the first occurrence, in characters; -1 if there is none.
absl::StatusOr<Object> Find(Runtime*, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string needle, arguments.Text(0));
  const absl::string_view text = self.as_string();
  const size_t at = text.find(needle);
  return Object(at == absl::string_view::npos ? -1 : CharacterCount(text.substr(0, at)));
}

absl::StatusOr<Object> Count(Runtime*, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string needle, arguments.Text(0));
  const absl::string_view text = self.as_string();
  if (needle.empty()) return Object(CharacterCount(text) + 1);
  return Object(static_cast<int64_t>(SplitAt(text, needle, INT64_MAX).size()) - 1);
}

// Puts zeros between the sign and the digits.
absl::StatusOr<Object> ZeroFill(Runtime* runtime, const Object& self,
                                const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const int64_t width, arguments.Integer(0));
  const int64_t missing = width - CharacterCount(self.as_string());
  if (missing <= 0) return self;
  KUR_RETURN_IF_ERROR(runtime->budget().MakeText(width));
  std::string text = self.as_string();
  const bool is_signed = !text.empty() && (text[0] == '-' || text[0] == '+');
  return runtime->Text(text.insert(is_signed ? 1 : 0, static_cast<size_t>(missing), '0'));
}

}  // namespace

void AddTextFilters(BuiltinTable* table) {
  table->insert({{"upper", {Signature(""), &Map<UpperCase>}},
                 {"lower", {Signature(""), &Map<LowerCase>}},
                 {"capitalize", {Signature(""), &Map<Capitalize>}},
                 {"title", {Signature(""), &Map<TitleWords>}},
                 {"string", {Signature(""), &Map<Same>}},
                 {"trim", {Signature("chars?"), &StripEnds<true, true>}},
                 {"replace", {Signature("old new count?"), &Replace}},
                 {"format", {Signature("* **"), &Format}}});
}

const BuiltinTable& StringMethods() {
  static const auto* const kTable =
      new BuiltinTable{{"upper", {Signature(""), &Map<UpperCase>}},
                       {"lower", {Signature(""), &Map<LowerCase>}},
                       {"capitalize", {Signature(""), &Map<Capitalize>}},
                       {"title", {Signature(""), &Map<TitleCase>}},
                       {"strip", {Signature("chars?"), &StripEnds<true, true>}},
                       {"lstrip", {Signature("chars?"), &StripEnds<true, false>}},
                       {"rstrip", {Signature("chars?"), &StripEnds<false, true>}},
                       {"split", {Signature("sep? maxsplit?"), &Split}},
                       {"join", {Signature("iterable"), &Join}},
                       {"replace", {Signature("old new count?"), &Replace}},
                       {"startswith", {Signature("prefix"), &HasAffix<StartsWith>}},
                       {"endswith", {Signature("suffix"), &HasAffix<EndsWith>}},
                       {"find", {Signature("sub"), &Find}},
                       {"count", {Signature("sub"), &Count}},
                       {"zfill", {Signature("width"), &ZeroFill}}};
  return *kTable;
}

}  // namespace kur::jinja
