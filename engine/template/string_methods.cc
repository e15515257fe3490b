// Methods of strings.

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"
#include "engine/template/text.h"
#include "engine/template/text_functions.h"

namespace kur::jinja {
namespace {

template <std::string (*map)(absl::string_view)>
absl::StatusOr<Object> Map(Runtime* runtime, const Object& self, const BoundArguments&) {
  return runtime->Text(map(self.as_string()));
}

template <bool left, bool right>
absl::StatusOr<Object> StripEnds(Runtime* runtime, const Object& self,
                                 const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string chars, arguments.Text(0));
  const std::string* set = arguments.get(0).is_none() ? nullptr : &chars;
  return runtime->Text(std::string(Strip(self.as_string(), set, left, right)));
}

absl::StatusOr<Object> TextList(Runtime* runtime, const std::vector<absl::string_view>& parts,
                                Sequence::Kind kind = Sequence::Kind::kList) {
  std::vector<Object> items;
  items.reserve(parts.size());
  for (const absl::string_view part : parts) items.emplace_back(part);
  return runtime->List(std::move(items), kind);
}

absl::string_view FirstWord(absl::string_view text) {
  size_t size = 0;
  while (size < text.size() && !IsSpace(CodePoint(FirstCharacter(text.substr(size))))) {
    size += FirstCharacter(text.substr(size)).size();
  }
  return text.substr(0, size);
}

// At most `most` words from the left, the rest as it is.
std::vector<absl::string_view> SplitSomeWords(absl::string_view text, int64_t most) {
  std::vector<absl::string_view> words;
  text = Strip(text, nullptr, true, false);
  while (!text.empty() && static_cast<int64_t>(words.size()) < most) {
    words.push_back(FirstWord(text));
    text = Strip(text.substr(words.back().size()), nullptr, true, false);
  }
  if (!text.empty()) words.push_back(Strip(text, nullptr, false, true));
  return words;
}

std::vector<absl::string_view> SplitSomeWordsFromRight(absl::string_view text, int64_t most) {
  std::vector<absl::string_view> words = SplitWords(text);
  if (static_cast<int64_t>(words.size()) <= most + 1) return words;
  const size_t extra = words.size() - static_cast<size_t>(most);
  const char* begin = Strip(text, nullptr, true, false).data();
  const absl::string_view last = words[extra - 1];
  const absl::string_view head(begin, static_cast<size_t>(last.data() + last.size() - begin));
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(extra - 1));
  words.front() = head;
  return words;
}

std::vector<absl::string_view> SplitAt(absl::string_view text, absl::string_view separator,
                                       int64_t most, bool from_right) {
  std::vector<absl::string_view> parts;
  while (static_cast<int64_t>(parts.size()) < most) {
    const size_t at = from_right ? text.rfind(separator) : text.find(separator);
    if (at == absl::string_view::npos) break;
    const absl::string_view after = text.substr(at + separator.size());
    parts.push_back(from_right ? after : text.substr(0, at));
    text = from_right ? text.substr(0, at) : after;
  }
  parts.push_back(text);
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

template <bool from_right>
absl::StatusOr<Object> Split(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string separator, arguments.Text(0));
  KUR_ASSIGN_OR_RETURN(int64_t most, arguments.Integer(1, -1));
  const absl::string_view text = self.as_string();
  const bool all = most < 0 || most > static_cast<int64_t>(text.size());
  if (all) most = static_cast<int64_t>(text.size()) + 1;
  if (!arguments.get(0).is_none()) {
    if (separator.empty()) return Fail("the separator cannot be empty");
    return TextList(runtime, SplitAt(text, separator, most, from_right));
  }
  if (all) return TextList(runtime, SplitWords(text));
  return TextList(runtime,
                  from_right ? SplitSomeWordsFromRight(text, most) : SplitSomeWords(text, most));
}

absl::StatusOr<Object> SplitIntoLines(Runtime* runtime, const Object& self,
                                      const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool keep_ends, arguments.Flag(runtime, 0));
  return TextList(runtime, SplitLines(self.as_string(), keep_ends));
}

template <bool from_right>
absl::StatusOr<Object> Partition(Runtime* runtime, const Object& self,
                                 const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string separator, arguments.Text(0));
  if (separator.empty()) return Fail("the separator cannot be empty");
  const absl::string_view text = self.as_string();
  const size_t at = from_right ? text.rfind(separator) : text.find(separator);
  std::vector<absl::string_view> parts = {text, "", ""};
  if (at != absl::string_view::npos) {
    parts = {text.substr(0, at), text.substr(at, separator.size()),
             text.substr(at + separator.size())};
  } else if (from_right) {
    std::swap(parts[0], parts[2]);
  }
  return TextList(runtime, parts, Sequence::Kind::kTuple);
}

absl::StatusOr<Object> Join(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(arguments.get(0)));
  for (const Object& item : items) {
    KUR_RETURN_IF_ERROR(runtime->RequireDefined(item));
    if (!item.is_string()) {
      return Fail("joins strings, not ", KindOf(item), "; the filter 'join' joins anything");
    }
  }
  return JoinTexts(runtime, items, self.as_string());
}

absl::StatusOr<Object> Replace(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string old_text, arguments.Text(0));
  KUR_ASSIGN_OR_RETURN(const std::string new_text, arguments.Text(1));
  KUR_ASSIGN_OR_RETURN(const int64_t count, arguments.Integer(2, -1));
  return ReplaceText(runtime, self.as_string(), old_text, new_text, count);
}

// self[start:end], the range in which a method looks; nothing if start lies behind the end.
absl::StatusOr<std::optional<Object>> SearchRange(Runtime* runtime, const Object& self,
                                                  const BoundArguments& arguments) {
  if (!arguments.has(1)) return std::optional<Object>(self);
  KUR_ASSIGN_OR_RETURN(const int64_t start, arguments.Integer(1));
  if (start > CharacterCount(self.as_string())) return std::optional<Object>();
  KUR_ASSIGN_OR_RETURN(Object part,
                       GetSlice(runtime, self, arguments.get(1), arguments.get(2), Object()));
  return std::optional<Object>(std::move(part));
}

template <bool suffix>
absl::StatusOr<Object> HasAffix(Runtime* runtime, const Object& self,
                                const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const auto range, SearchRange(runtime, self, arguments));
  std::vector<Object> affixes = {arguments.get(0)};
  if (arguments.get(0).is_sequence() && arguments.get(0).as_sequence().is_tuple()) {
    KUR_ASSIGN_OR_RETURN(affixes, runtime->Items(arguments.get(0)));
  }
  bool found = false;
  for (const Object& affix : affixes) {
    if (!affix.is_string())
      return Fail("expected a string or a tuple of them, got ", KindOf(affix));
    if (!range.has_value()) continue;
    found = found || (suffix ? absl::EndsWith(range->as_string(), affix.as_string())
                             : absl::StartsWith(range->as_string(), affix.as_string()));
  }
  return Object(found);
}

// The index of the first or last occurrence, in characters; -1 if there is none.
absl::StatusOr<int64_t> FindIndex(Runtime* runtime, const Object& self,
                                  const BoundArguments& arguments, bool from_right) {
  KUR_ASSIGN_OR_RETURN(const std::string needle, arguments.Text(0));
  KUR_ASSIGN_OR_RETURN(const auto range, SearchRange(runtime, self, arguments));
  if (!range.has_value()) return -1;
  const absl::string_view text = range->as_string();
  const size_t at = from_right ? text.rfind(needle) : text.find(needle);
  if (at == absl::string_view::npos) return -1;
  KUR_ASSIGN_OR_RETURN(int64_t start, arguments.Integer(1, 0));
  if (start < 0) start = std::max<int64_t>(0, start + CharacterCount(self.as_string()));
  return start + CharacterCount(text.substr(0, at));
}

template <bool from_right, bool must_exist>
absl::StatusOr<Object> Find(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const int64_t index, FindIndex(runtime, self, arguments, from_right));
  if (must_exist && index < 0) return Fail("the text that it looks for is not there");
  return Object(index);
}

absl::StatusOr<Object> Count(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string needle, arguments.Text(0));
  KUR_ASSIGN_OR_RETURN(const auto range, SearchRange(runtime, self, arguments));
  if (!range.has_value()) return Object(int64_t{0});
  const absl::string_view text = range->as_string();
  if (needle.empty()) return Object(CharacterCount(text) + 1);
  int64_t count = 0;
  for (size_t at = text.find(needle); at != absl::string_view::npos;
       at = text.find(needle, at + needle.size())) {
    ++count;
  }
  return Object(count);
}

template <TextAlignment alignment>
absl::StatusOr<Object> Pad(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const int64_t width, arguments.Integer(0));
  KUR_ASSIGN_OR_RETURN(const std::string fill, arguments.Text(1, " "));
  if (CharacterCount(fill) != 1) return Fail("the text to fill with must be one character");
  return PadText(runtime, self.as_string(), width, fill, alignment);
}

absl::StatusOr<Object> ZeroFill(Runtime* runtime, const Object& self,
                                const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(int64_t width, arguments.Integer(0));
  width = std::max<int64_t>(width, 0);
  absl::string_view digits = self.as_string();
  std::string sign;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    sign = std::string(digits.substr(0, 1));
    digits.remove_prefix(1);
  }
  KUR_ASSIGN_OR_RETURN(const Object padded,
                       PadText(runtime, digits, width - static_cast<int64_t>(sign.size()), "0",
                               TextAlignment::kRight));
  return runtime->Text(sign + padded.as_string());
}

absl::StatusOr<Object> Format(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(std::string text, FormatBraces(runtime, self.as_string(),
                                                      {arguments.rest(), arguments.named_rest()}));
  return runtime->Text(std::move(text));
}

template <bool (*is)(char32_t)>
absl::StatusOr<Object> All(Runtime*, const Object& self, const BoundArguments&) {
  const auto characters = Characters(self.as_string());
  return Object(!characters.empty() &&
                std::all_of(characters.begin(), characters.end(),
                            [](absl::string_view c) { return is(CodePoint(c)); }));
}

bool IsAlphanumeric(char32_t c) { return IsLetter(c) || IsDigit(c); }

template <bool (*is)(absl::string_view)>
absl::StatusOr<Object> Check(Runtime*, const Object& self, const BoundArguments&) {
  return Object(is(self.as_string()));
}

}  // namespace

const BuiltinTable& StringMethods() {
  static const auto* const kTable =
      new BuiltinTable{{"upper", {Signature(""), &Map<UpperCase>}},
                       {"lower", {Signature(""), &Map<LowerCase>}},
                       {"casefold", {Signature(""), &Map<LowerCase>}},
                       {"swapcase", {Signature(""), &Map<SwapCase>}},
                       {"capitalize", {Signature(""), &Map<Capitalize>}},
                       {"title", {Signature(""), &Map<TitleCase>}},
                       {"strip", {Signature("chars?"), &StripEnds<true, true>}},
                       {"lstrip", {Signature("chars?"), &StripEnds<true, false>}},
                       {"rstrip", {Signature("chars?"), &StripEnds<false, true>}},
                       {"split", {Signature("sep? maxsplit?"), &Split<false>}},
                       {"rsplit", {Signature("sep? maxsplit?"), &Split<true>}},
                       {"splitlines", {Signature("keepends?"), &SplitIntoLines}},
                       {"partition", {Signature("sep"), &Partition<false>}},
                       {"rpartition", {Signature("sep"), &Partition<true>}},
                       {"join", {Signature("iterable"), &Join}},
                       {"replace", {Signature("old new count?"), &Replace}},
                       {"startswith", {Signature("prefix start? end?"), &HasAffix<false>}},
                       {"endswith", {Signature("suffix start? end?"), &HasAffix<true>}},
                       {"find", {Signature("sub start? end?"), &Find<false, false>}},
                       {"rfind", {Signature("sub start? end?"), &Find<true, false>}},
                       {"index", {Signature("sub start? end?"), &Find<false, true>}},
                       {"rindex", {Signature("sub start? end?"), &Find<true, true>}},
                       {"count", {Signature("sub start? end?"), &Count}},
                       {"ljust", {Signature("width fillchar?"), &Pad<TextAlignment::kLeft>}},
                       {"rjust", {Signature("width fillchar?"), &Pad<TextAlignment::kRight>}},
                       {"center", {Signature("width fillchar?"), &Pad<TextAlignment::kCenter>}},
                       {"zfill", {Signature("width"), &ZeroFill}},
                       {"format", {Signature("* **"), &Format}},
                       {"isdigit", {Signature(""), &All<IsDigit>}},
                       {"isdecimal", {Signature(""), &All<IsDigit>}},
                       {"isnumeric", {Signature(""), &All<IsDigit>}},
                       {"isalpha", {Signature(""), &All<IsLetter>}},
                       {"isalnum", {Signature(""), &All<IsAlphanumeric>}},
                       {"isspace", {Signature(""), &All<IsSpace>}},
                       {"isupper", {Signature(""), &Check<IsUpperText>}},
                       {"islower", {Signature(""), &Check<IsLowerText>}}};
  return *kTable;
}

}  // namespace kur::jinja
