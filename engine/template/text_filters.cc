// Filters that work on strings, or on anything as it prints.

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"
#include "engine/template/text.h"
#include "engine/template/text_functions.h"
#include "engine/template/text_wrap.h"

namespace kur::jinja {
namespace {

absl::Status RequireText(const Object& object) {
  return object.is_string() ? absl::OkStatus() : Fail("needs a string, not ", KindOf(object));
}

template <std::string (*map)(absl::string_view)>
absl::StatusOr<Object> Map(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  return runtime->Text(map(text));
}

std::string Same(absl::string_view text) { return std::string(text); }

// Like str.title(), but a word begins only after white space or one of "-({[<".
std::string TitleWords(absl::string_view text) {
  std::string result;
  bool begins = true;
  for (const absl::string_view character : Characters(text)) {
    const bool separator =
        IsSpace(CodePoint(character)) || absl::StrContains(absl::string_view("-({[<"), character);
    absl::StrAppend(&result, begins ? UpperCase(character) : LowerCase(character));
    begins = separator;
  }
  return result;
}

absl::StatusOr<Object> Center(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  KUR_ASSIGN_OR_RETURN(const int64_t width, arguments.Integer(0, 80));
  return PadText(runtime, text, width, " ", TextAlignment::kCenter);
}

absl::StatusOr<Object> Trim(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  KUR_ASSIGN_OR_RETURN(const std::string chars, arguments.Text(0));
  const std::string* set = arguments.get(0).is_none() ? nullptr : &chars;
  return runtime->Text(std::string(Strip(text, set, true, true)));
}

absl::StatusOr<Object> Replace(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  KUR_ASSIGN_OR_RETURN(const std::string old_text, Print(runtime, arguments.get(0)));
  KUR_ASSIGN_OR_RETURN(const std::string new_text, Print(runtime, arguments.get(1)));
  KUR_ASSIGN_OR_RETURN(const int64_t count, arguments.Integer(2, -1));
  return ReplaceText(runtime, text, old_text, new_text, count);
}

absl::StatusOr<Object> Format(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  Object values;
  if (arguments.named_rest().empty()) {
    KUR_ASSIGN_OR_RETURN(values, runtime->Tuple(arguments.rest()));
  } else {
    if (!arguments.rest().empty()) return Fail("takes values with names or without, not both");
    auto mapping = std::make_shared<ObjectMapping>();
    for (const auto& [name, value] : arguments.named_rest()) {
      KUR_RETURN_IF_ERROR(runtime->SetEntry(mapping.get(), Object(name), value));
    }
    KUR_ASSIGN_OR_RETURN(values, runtime->Dictionary(std::move(mapping)));
  }
  KUR_ASSIGN_OR_RETURN(std::string result, FormatPercent(runtime, text, values));
  return runtime->Text(std::move(result));
}

absl::StatusOr<Object> Indent(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_RETURN_IF_ERROR(RequireText(self));
  std::string indentation;
  if (arguments.get(0).is_string()) {
    indentation = arguments.get(0).as_string();
  } else {
    KUR_ASSIGN_OR_RETURN(const int64_t width, arguments.Integer(0, 4));
    KUR_RETURN_IF_ERROR(runtime->budget().MakeText(width));
    indentation.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  KUR_ASSIGN_OR_RETURN(const bool first, arguments.Flag(runtime, 1));
  KUR_ASSIGN_OR_RETURN(const bool blank, arguments.Flag(runtime, 2));
  const std::string text = self.as_string() + "\n";
  const auto lines = SplitLines(text);
  KUR_RETURN_IF_ERROR(runtime->budget().MakeText(
      static_cast<int64_t>(text.size() + lines.size() * indentation.size())));
  std::string result;
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool indented = i == 0 ? first : blank || !lines[i].empty();
    absl::StrAppend(&result, i == 0 ? "" : "\n", indented ? indentation : "", lines[i]);
  }
  return runtime->Text(std::move(result));
}

absl::StatusOr<Object> Truncate(Runtime* runtime, const Object& self,
                                const BoundArguments& arguments) {
  KUR_RETURN_IF_ERROR(RequireText(self));
  KUR_ASSIGN_OR_RETURN(const int64_t length, arguments.Integer(0, 255));
  KUR_ASSIGN_OR_RETURN(const bool kill_words, arguments.Flag(runtime, 1));
  KUR_ASSIGN_OR_RETURN(const std::string end, arguments.Text(2, "..."));
  KUR_ASSIGN_OR_RETURN(const int64_t leeway, arguments.Integer(3, 5));
  const int64_t end_length = CharacterCount(end);
  if (length < end_length) return Fail("the length must be at least ", end_length);
  if (leeway < 0) return Fail("the leeway must not be negative");
  const absl::string_view text = self.as_string();
  if (CharacterCount(text) - leeway <= length) return self;
  absl::string_view kept = CharacterPrefix(text, length - end_length);
  if (!kill_words) kept = kept.substr(0, kept.rfind(' '));
  return runtime->Text(absl::StrCat(kept, end));
}

absl::StatusOr<Object> WordCount(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  int64_t count = 0;
  bool in_word = false;
  for (const absl::string_view character : Characters(text)) {
    const char32_t c = CodePoint(character);
    const bool word = IsLetter(c) || IsDigit(c) || c == '_';
    count += word && !in_word;
    in_word = word;
  }
  return Object(count);
}

absl::StatusOr<Object> WordWrap(Runtime* runtime, const Object& self,
                                const BoundArguments& arguments) {
  KUR_RETURN_IF_ERROR(RequireText(self));
  WrapOptions options;
  KUR_ASSIGN_OR_RETURN(options.width, arguments.Integer(0, 79));
  KUR_ASSIGN_OR_RETURN(options.break_long_words, arguments.Flag(runtime, 1, true));
  KUR_ASSIGN_OR_RETURN(const std::string newline, arguments.Text(2, "\n"));
  KUR_ASSIGN_OR_RETURN(options.break_on_hyphens, arguments.Flag(runtime, 3, true));
  if (options.width < 1) return Fail("the width must be at least 1");
  std::vector<Object> lines;
  for (const absl::string_view paragraph : SplitLines(self.as_string())) {
    const std::vector<std::string> wrapped = WrapText(paragraph, options);
    lines.emplace_back(absl::StrJoin(wrapped, "\n"));
    if (newline != "\n") {
      KUR_ASSIGN_OR_RETURN(lines.back(),
                           ReplaceText(runtime, lines.back().as_string(), "\n", newline, -1));
    }
  }
  return JoinTexts(runtime, lines, newline);
}

}  // namespace

void AddTextFilters(BuiltinTable* table) {
  table->insert(
      {{"upper", {Signature(""), &Map<UpperCase>}},
       {"lower", {Signature(""), &Map<LowerCase>}},
       {"capitalize", {Signature(""), &Map<Capitalize>}},
       {"title", {Signature(""), &Map<TitleWords>}},
       {"string", {Signature(""), &Map<Same>}},
       {"safe", {Signature(""), &Map<Same>}},
       {"center", {Signature("width?"), &Center}},
       {"trim", {Signature("chars?"), &Trim}},
       {"replace", {Signature("old new count?"), &Replace}},
       {"format", {Signature("* **"), &Format}},
       {"indent", {Signature("width? first? blank?"), &Indent}},
       {"truncate", {Signature("length? killwords? end? leeway?"), &Truncate}},
       {"wordcount", {Signature(""), &WordCount}},
       {"wordwrap",
        {Signature("width? break_long_words? wrapstring? break_on_hyphens?"), &WordWrap}}});
}

}  // namespace kur::jinja
