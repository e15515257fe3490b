// Filters that write other languages: HTML, URLs, JSON.

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/template/builtins.h"
#include "engine/template/json_writer.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

std::string EscapeText(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {">", "&gt;"}, {"<", "&lt;"}, {"'", "&#39;"}, {"\"", "&#34;"}});
}

absl::StatusOr<Object> Escape(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  return runtime->Text(EscapeText(text));
}

// Cuts out every part from `begin` to `end`.
std::string Without(absl::string_view text, absl::string_view begin, absl::string_view end) {
  std::string result;
  while (true) {
    const size_t from = text.find(begin);
    const size_t to = from == absl::string_view::npos ? from : text.find(end, from + begin.size());
    if (to == absl::string_view::npos) return absl::StrCat(result, text);
    absl::StrAppend(&result, text.substr(0, from));
    text.remove_prefix(to + end.size());
  }
}

// "&lt;", "&#60;" and "&#x3c;"; an entity that is not known stays.
std::string Unescape(absl::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t begin = text.find('&');
    absl::StrAppend(&result, text.substr(0, begin));
    if (begin == absl::string_view::npos) break;
    text.remove_prefix(begin);
    const size_t end = text.find(';');
    const absl::string_view name = text.substr(1, end == absl::string_view::npos ? 0 : end - 1);
    static constexpr std::pair<absl::string_view, absl::string_view> kNames[] = {
        {"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", "\u00a0"}};
    const auto* known = std::find_if(std::begin(kNames), std::end(kNames),
                                     [name](const auto& entry) { return entry.first == name; });
    uint32_t code = 0;
    if (known != std::end(kNames)) {
      absl::StrAppend(&result, known->second);
    } else if (name.size() > 1 && name[0] == '#' &&
               (name[1] == 'x' ? absl::SimpleHexAtoi(name.substr(2), &code)
                               : absl::SimpleAtoi(name.substr(1), &code)) &&
               code > 0 && code <= 0x10FFFF) {
      AppendCodePoint(code, &result);
    } else {
      result += '&';
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(end + 1);
  }
  return result;
}

absl::StatusOr<Object> StripTags(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
  const std::string bare = Without(Without(text, "<!--", "-->"), "<", ">");
  return runtime->Text(Unescape(absl::StrJoin(SplitWords(bare), " ")));
}

// A path, or with `in_query` a part of a query, whose slashes are quoted and blanks are "+".
std::string QuoteUrl(absl::string_view text, bool in_query) {
  std::string result;
  for (const char c : text) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ||
                       c == '-' || c == '~' || (c == '/' && !in_query);
    if (plain) {
      result += c;
    } else if (c == ' ' && in_query) {
      result += '+';
    } else {
      absl::StrAppendFormat(&result, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return result;
}

absl::StatusOr<Object> UrlEncode(Runtime* runtime, const Object& self, const BoundArguments&) {
  if (!self.is_sequence() && !self.is_mapping()) {
    KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, self));
    return runtime->Text(QuoteUrl(text, false));
  }
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  std::string query;
  for (size_t i = 0; i < items.size(); ++i) {
    std::vector<Object> pair;
    if (self.is_mapping()) {
      pair = {items[i], self.as_mapping().value(static_cast<int64_t>(i))};
    } else {
      KUR_ASSIGN_OR_RETURN(pair, runtime->Items(items[i]));
    }
    if (pair.size() != 2) return Fail("needs pairs of a name and a value");
    KUR_ASSIGN_OR_RETURN(const std::string name, Print(runtime, pair[0]));
    KUR_ASSIGN_OR_RETURN(const std::string value, Print(runtime, pair[1]));
    absl::StrAppend(&query, i > 0 ? "&" : "", QuoteUrl(name, true), "=", QuoteUrl(value, true));
    KUR_RETURN_IF_ERROR(runtime->budget().MakeText(static_cast<int64_t>(query.size())));
  }
  return runtime->Text(std::move(query));
}

absl::StatusOr<Object> XmlAttributes(Runtime* runtime, const Object& self,
                                     const BoundArguments& arguments) {
  if (!self.is_mapping()) return Fail("needs a dictionary, not ", KindOf(self));
  KUR_ASSIGN_OR_RETURN(const bool autospace, arguments.Flag(runtime, 0, true));
  std::string result;
  const Mapping& mapping = self.as_mapping();
  for (int64_t i = 0; i < mapping.size(); ++i) {
    const Object value = mapping.value(i);
    if (value.is_none() || value.is_undefined()) continue;
    KUR_ASSIGN_OR_RETURN(const std::string name, Print(runtime, mapping.key(i)));
    KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, value));
    if (name.find_first_of(" \t\n\r\f\v/>=") != std::string::npos) {
      return Fail("'", name, "' cannot be the name of an attribute");
    }
    absl::StrAppend(&result, result.empty() && !autospace ? "" : " ", EscapeText(name), "=\"",
                    EscapeText(text), "\"");
    KUR_RETURN_IF_ERROR(runtime->budget().MakeText(static_cast<int64_t>(result.size())));
  }
  return runtime->Text(std::move(result));
}

absl::StatusOr<Object> ToJsonText(Runtime* runtime, const Object& self,
                                  const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const int64_t indent, arguments.Integer(0, -1));
  KUR_RETURN_IF_ERROR(runtime->budget().MakeText(indent));
  KUR_ASSIGN_OR_RETURN(const std::string json, WriteJson(runtime, self, indent));
  return runtime->Text(absl::StrReplaceAll(
      json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}, {"'", "\\u0027"}}));
}

absl::StatusOr<Object> PrettyPrint(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(std::string text, PrettyText(runtime, self));
  return runtime->Text(std::move(text));
}

}  // namespace

void AddMarkupFilters(BuiltinTable* table) {
  table->insert({{"escape", {Signature(""), &Escape}},
                 {"e", {Signature(""), &Escape}},
                 {"forceescape", {Signature(""), &Escape}},
                 {"striptags", {Signature(""), &StripTags}},
                 {"urlencode", {Signature(""), &UrlEncode}},
                 {"xmlattr", {Signature("autospace?"), &XmlAttributes}},
                 {"tojson", {Signature("indent?"), &ToJsonText}},
                 {"pprint", {Signature(""), &PrettyPrint}}});
}

}  // namespace kur::jinja
