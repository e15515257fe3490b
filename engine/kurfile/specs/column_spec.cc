#include "engine/kurfile/specs/column_spec.h"

#include <algorithm>
#include <cmath>
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
  static std::string Type() { return "yes, integer or list of classes"; }
  static Value Schema() {
    Dict list;
    list.Set(Value("type"), Value("array"));
    return AnyOfSchema({TypeSchema("boolean"), TypeSchema("integer"), Value(std::move(list))});
  }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    ClassList* to) {
    std::string fault;
    if (value.is_bool() && value.as_bool()) {
      to->is_inferred = true;
      to->count = kUnknown;
      return true;
    }
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
                            value.is_bool() ? "; put the word between quotes (True, False and None "
                                              "are no words even so; one_hot: yes finds them)"
                                            : "");
      }
    }
    if (!to->texts.empty() && !to->numbers.empty()) {
      return "some classes are texts and some numbers; put the numbers between quotes";
    }
    return "";
  }
};

template <>
struct FieldTraits<GapSpec> {
  static std::string Type() { return "error, drop, mean, median, most_frequent, or a value"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("string"), TypeSchema("number")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    GapSpec* to) {
    using Kind = GapSpec::Kind;
    const std::pair<const char*, Kind> kinds[] = {{"error", Kind::kError},
                                                  {"drop", Kind::kDrop},
                                                  {"mean", Kind::kMean},
                                                  {"median", Kind::kMedian},
                                                  {"most_frequent", Kind::kMostFrequent}};
    if (value.is_number()) {
      to->kind = Kind::kNumber;
      to->number = value.as_float();
      if (std::isfinite(to->number)) return true;
      diagnostics->Error(value.location(), key, "must be finite");
      return false;
    }
    if (!value.is_string()) return ReportType(value, key, Type(), diagnostics);
    to->kind = Kind::kText;
    to->text = value.as_string();
    for (const auto& [name, kind] : kinds) {
      if (to->text == name) to->kind = kind;
    }
    return true;
  }
  static std::string Format(const GapSpec&) { return "error"; }
};

namespace {

const Fields<ColumnSpec>& ColumnFields() {
  static const auto* const kFields = new Fields<ColumnSpec>(
      Fields<ColumnSpec>()
          .Optional("from", &ColumnSpec::from,
                    "the supplier's name of it, if it has another; several, or a pattern as "
                    "pixel* in the order of the numbers in the names, are put together along the "
                    "last axis")
          .Example("[length, width]")
          .Optional("missing", &ColumnSpec::missing,
                    "what is done about samples that lack a value, which are otherwise an error: "
                    "drop leaves them out; the mean, the median or the most frequent value of the "
                    "training data, or a value that is given here, stands for it")
          .Example("median")
          .Optional(
              "one_hot", &ColumnSpec::one_hot,
              "makes vectors with a 1 at the place of the class: yes for the classes that the "
              "training data has, sorted; how many classes there are, whose values are their "
              "numbers; or a list of the values. Texts are read of csv and jsonl")
          .Example("[setosa, versicolor, virginica]")
          .Optional("normalize", &ColumnSpec::normalize,
                    "moves and scales each position of the last axis: standard (to the mean 0 and "
                    "the deviation 1 of the training data), min_max (the training data to 0 to 1), "
                    "or numbers: one for all, or a list. What is learnt is kept with the weights")
          .Example("standard")
          .Keys(ScalingKeys())
          .Optional("tokens", &ColumnSpec::tokens,
                    "makes sequences of numbers of texts, as embedding reads them: of words or of "
                    "characters. Their numbers are learnt from the training data and kept with the "
                    "weights")
          .Example("{by: words, size: 10000, length: 200}")
          .Keys(TokenKeys())
          .Optional("shape", &ColumnSpec::shape,
                    "the shape that a sample is given in the end; its values keep their order",
                    Condition<std::vector<int64_t>>{"up to 8 extents of at least 1",
                                                    [](const std::vector<int64_t>& shape) {
                                                      return shape.size() <= 8 &&
                                                             std::all_of(shape.begin(), shape.end(),
                                                                         [](int64_t extent) {
                                                                           return extent >= 1;
                                                                         });
                                                    }})
          .Example("[28, 28, 1]")
          .Shorthand("from"));
  return *kFields;
}

bool ParseColumn(const Value& name, const Value& value, const std::string& key,
                 Diagnostics* diagnostics, ColumnSpec* column) {
  // A header may be a number, as 2023 is.
  if (!name.is_string() && !name.is_int()) return ReportType(name, key, "a name", diagnostics);
  column->name = name.is_string() ? name.as_string() : absl::StrCat(name.as_int());
  column->location = name.location();
  column->key = absl::StrCat(key, ".", column->name);
  if (!value.is_null() && !ColumnFields().Parse(value, column->key, diagnostics, column)) {
    return false;
  }
  if (column->from.empty()) column->from = {column->name};
  const GapSpec& missing = column->missing;
  if (column->one_hot.has_value()
          ? missing.kind == GapSpec::Kind::kMean || missing.kind == GapSpec::Kind::kMedian
          : missing.kind == GapSpec::Kind::kText) {
    diagnostics->Error(column->location, column->key + ".missing",
                       column->one_hot.has_value()
                           ? "classes have no mean or median; there are most_frequent, drop, or a "
                             "class that stands for it"
                           : absl::StrCat("'", missing.text, "' is no number; there are mean, ",
                                          "median, most_frequent, drop, or a number"));
    return false;
  }
  if (column->tokens.has_value() &&
      (column->one_hot.has_value() || column->normalize.has_value() || column->from.size() > 1 ||
       column->from[0].find('*') != std::string::npos || missing.kind != GapSpec::Kind::kError)) {
    diagnostics->Error(column->location, column->key + ".tokens",
                       "are made of the texts of one column; leave one_hot, normalize, missing and "
                       "further columns out");
    return false;
  }
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
