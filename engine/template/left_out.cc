#include "engine/template/left_out.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/substitute.h"

namespace kur::jinja {
namespace {

struct LeftOutNames {
  NameKind kind;
  absl::string_view names;   // separated by ", "
  absl::string_view advice;  // what to do instead; may be empty
};

constexpr LeftOutNames kLeftOut[] = {
    {NameKind::kFilter, "e, escape, forceescape, safe, striptags, urlencode, urlize, xmlattr", ""},
    {NameKind::kFilter, "center, filesizeformat, indent, truncate, wordcount, wordwrap", ""},
    {NameKind::kFilter, "pprint, tojson", "what a template gives becomes a value as it is"},
    {NameKind::kFilter, "attr", "write object['name']"},
    {NameKind::kFilter, "dictsort", "write 'd | items | sort'"},
    {NameKind::kFilter, "batch, groupby, slice", ""},
    {NameKind::kFilter, "random", "a Kurfile must mean the same every time"},
    {NameKind::kTest, "callable, escaped, filter, lower, test, upper", ""},
    {NameKind::kTest, "sameas", "write '=='"},
    {NameKind::kGlobal, "cycler, joiner", "'loop.index' and 'loop.last' tell the turn of a loop"},
    {NameKind::kGlobal, "dict", "write {'key': value}"},
    {NameKind::kGlobal, "namespace", "'sum' and 'join' put the items of a list together"},
    {NameKind::kGlobal, "lipsum", "a Kurfile must mean the same every time"},
    {NameKind::kGlobal, "caller, kwargs, self, super, varargs", ""},
    {NameKind::kStatement, "block, extends, from, import, include",
     "use the key 'include:' to put files together"},
    {NameKind::kStatement, "macro", "use the key 'templates:' for layers that come again"},
    {NameKind::kStatement, "raw", "a text is rendered until no template is left in it"},
    {NameKind::kStatement, "print", "write '{{ ... }}'"},
    {NameKind::kStatement, "do, filter, with, set ... endset", "write '{% set name = ... %}'"},
    {NameKind::kStatement, "autoescape, break, call, continue, for ... recursive, trans", ""},
    {NameKind::kLoopAttribute, "changed, cycle, depth, depth0, nextitem, previtem",
     "'loop.index' tells the turn"},
    {NameKind::kStringMethod, "format, format_map", "write '%.2f' % x"},
    {NameKind::kStringMethod, "index, rfind, rindex", "write text.find('...')"},
    {NameKind::kStringMethod, "partition, rpartition, rsplit, splitlines",
     "write text.split('...')"},
    {NameKind::kStringMethod, "center, expandtabs, ljust, rjust", "write '%-8s' % text"},
    {NameKind::kStringMethod,
     "casefold, encode, maketrans, removeprefix, removesuffix, swapcase, translate", ""},
    {NameKind::kStringMethod,
     "isalnum, isalpha, isascii, isdecimal, isdigit, isidentifier, islower, isnumeric, "
     "isprintable, isspace, istitle, isupper",
     ""},
    {NameKind::kListMethod, "append, clear, extend, insert, pop, remove, reverse, sort",
     "a list cannot be changed; make a new one, as in {% set items = items + [x] %}"},
    {NameKind::kDictMethod, "clear, pop, popitem, setdefault, update",
     "a dictionary cannot be changed; make a new one, as in "
     "{% set d = d | combine({'key': x}) %}"},
    {NameKind::kListMethod, "count", "write items | select('==', x) | length"},
    {NameKind::kListMethod, "copy", "nothing can change the list itself"},
    {NameKind::kDictMethod, "copy, fromkeys", "nothing can change the dictionary itself"}};

// Returns how a message calls a name of a kind; $0 is the name.
absl::string_view TitleOf(NameKind kind) {
  switch (kind) {
    case NameKind::kFilter:
      return "the filter '$0' of Jinja2";
    case NameKind::kTest:
      return "the test '$0' of Jinja2";
    case NameKind::kGlobal:
      return "the global '$0' of Jinja2";
    case NameKind::kStatement:
      return "the statement '{% $0 %}' of Jinja2";
    case NameKind::kLoopAttribute:
      return "'loop.$0' of Jinja2";
    case NameKind::kStringMethod:
      return "the method '$0' of Python's strings";
    case NameKind::kListMethod:
      return "the method '$0' of Python's lists";
    case NameKind::kDictMethod:
      return "the method '$0' of Python's dictionaries";
  }
  return "";
}

}  // namespace

std::string LeftOutMessage(NameKind kind, absl::string_view name) {
  for (const LeftOutNames& row : kLeftOut) {
    const std::vector<absl::string_view> names = absl::StrSplit(row.names, ", ");
    if (row.kind != kind || !absl::c_linear_search(names, name)) continue;
    return absl::StrCat(absl::Substitute(TitleOf(kind), name),
                        " is not part of Kurfiles' templates", row.advice.empty() ? "" : "; ",
                        row.advice);
  }
  return "";
}

}  // namespace kur::jinja
