#include "engine/kurfile/specs/column_spec.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

// Class numbers pass through float32, which holds integers up to here exactly.
constexpr int64_t kMaxClasses = int64_t{1} << 24;

}  // namespace

template <>
struct FieldTraits<ClassList> {
  static std::string Type() { return "integer or list of classes"; }
  static Value Schema() {
    Dict list;
    list.Set(Value("type"), Value("array"));
    return AnyOfSchema({TypeSchema("integer"), Value(std::move(list))});
  }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    ClassList* to) {
    std::string fault;
    if (value.is_list()) {
      fault = ParseList(value.as_list(), to);
    } else if (!FieldTraits<int64_t>::Parse(value, key, diagnostics, &to->count)) {
      return false;
    }
    if (fault.empty() && (to->count < 1 || to->count > kMaxClasses)) {
      fault = absl::StrCat("there must be from 1 to ", kMaxClasses, " classes");
    }
    if (!fault.empty()) diagnostics->Error(value.location(), key, fault);
    return fault.empty();
  }
  static std::string Format(const ClassList&) { return ""; }

 private:
  // Returns what is wrong; "" if nothing is.
  static std::string ParseList(const Value::List& classes, ClassList* to) {
    to->count = static_cast<int64_t>(classes.size());
    std::set<std::string> seen;
    for (const Value& value : classes) {
      // Numbers are compared as float32.
      const std::string written =
          value.is_number() ? FormatFloat(static_cast<float>(value.as_float())) : ToJson(value);
      if (!seen.insert(written).second) {
        return absl::StrCat("the class ", Describe(value), " is there twice");
      }
      if (value.is_string()) {
        to->texts.push_back(value.as_string());
      } else if (value.is_number()) {
        to->numbers.push_back(value.as_float());
      } else {
        return absl::StrCat("a class is a text or a number, got ", Describe(value),
                            value.is_bool() ? "; put the word between quotes" : "");
      }
    }
    if (!to->texts.empty() && !to->numbers.empty()) {
      return "some classes are texts and some numbers; put the numbers between quotes";
    }
    return "";
  }
};

namespace {

const Fields<ColumnSpec>& ColumnFields() {
  static const auto* const kFields = new Fields<ColumnSpec>(
      Fields<ColumnSpec>()
          .Optional("from", &ColumnSpec::from,
                    "the supplier's name of it, if it has another; several are put together along "
                    "the last axis")
          .Example("[length, width]")
          .Optional("one_hot", &ColumnSpec::one_hot,
                    "makes vectors with a 1 at the place of the class: how many classes there are, "
                    "whose values are their numbers, or a list of the values; texts are read of "
                    "csv and jsonl")
          .Example("[setosa, versicolor, virginica]")
          .Optional("normalize", &ColumnSpec::normalize,
                    "moves and scales each position of the last axis: standard (to the mean 0 and "
                    "the deviation 1 of the training part of a split), min_max (the training part "
                    "to 0 to 1), or numbers: one for all, or a list")
          .Example("standard")
          .Keys(ScalingKeys())
          .Shorthand("from"));
  return *kFields;
}

bool ParseColumn(const Value& name, const Value& value, const std::string& key,
                 Diagnostics* diagnostics, ColumnSpec* column) {
  if (!name.is_string()) return ReportType(name, key, "a name", diagnostics);
  column->name = name.as_string();
  column->location = name.location();
  column->key = absl::StrCat(key, ".", column->name);
  if (!value.is_null() && !ColumnFields().Parse(value, column->key, diagnostics, column)) {
    return false;
  }
  if (column->from.empty()) column->from = {column->name};
  if (!column->one_hot.has_value() || !column->normalize.has_value()) return true;
  diagnostics->Error(column->location, column->key,
                     "has both one_hot and normalize; leave one of them out");
  return false;
}

}  // namespace

Shape OneHotShape(Shape labels, int64_t classes) {
  if (labels == Shape{1}) return {classes};
  labels.push_back(classes);
  return labels;
}

bool ParseColumns(const Value& value, const std::string& key, Diagnostics* diagnostics,
                  std::vector<ColumnSpec>* columns) {
  Dict named;
  bool good = true;
  if (value.is_list()) {
    for (const Value& name : value.as_list()) {
      if (named.Find(name) != nullptr) {
        diagnostics->Error(name.location(), key,
                           absl::StrCat("the column ", Describe(name), " is there twice"));
        good = false;
      }
      named.Set(name, Value());
    }
  } else if (value.is_dict()) {
    named = value.as_dict();
  } else {
    return ReportType(value, key, "a list of names, or a dictionary", diagnostics);
  }
  if (named.empty()) {
    diagnostics->Error(value.location(), key, "names no column; leave it out to have all of them");
    return false;
  }
  for (const auto& [name, entry] : named) {
    columns->emplace_back();
    good &= ParseColumn(name, entry, key, diagnostics, &columns->back());
  }
  return good;
}

KeyTable ColumnKeys() { return ColumnFields().Describe(); }

}  // namespace kur
