#ifndef KUR_ENGINE_KURFILE_SCHEMA_FIELDS_H_
#define KUR_ENGINE_KURFILE_SCHEMA_FIELDS_H_

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "engine/base/suggest.h"
#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"
#include "engine/value/value.h"

namespace kur {

// The documentation of one key of a kind: for help texts, schemas and the reference.
struct FieldInfo {
  std::string name;
  std::string type;           // "integer", "integer or list of integers", "one of: valid, same"
  std::string default_value;  // as written in a Kurfile; empty if the key is required
  bool required = false;
  std::string doc;      // one line
  std::string example;  // a value, as written in a Kurfile
  Value schema;         // JSON Schema of the value
  // What the value consists of, if the type does not tell: the keys of a dictionary (`keys`), or
  // one or more kinds of a category ("layer", "supplier", "optimizer", "loss").
  struct KeyTable;
  std::shared_ptr<const KeyTable> keys;
  std::string category;
};

// The documentation of the keys of a dictionary.
struct FieldInfo::KeyTable {
  // The name of a field that stands for any name that the author chooses.
  static constexpr char kAnyName[] = "NAME";

  std::vector<FieldInfo> fields;
  std::string shorthand;  // the field that a value other than a dictionary sets; may be empty

  bool Has(absl::string_view name) const {
    for (const FieldInfo& field : fields) {
      if (field.name == name) return true;
    }
    return false;
  }
};
using KeyTable = FieldInfo::KeyTable;

// Returns {"type": type}, the JSON Schema of values of one type.
Value TypeSchema(absl::string_view type);
// Returns {"anyOf": [...]}.
Value AnyOfSchema(std::vector<Value> alternatives);

// Defines how a member of type T is read from a Value. Specialized below for the types that specs
// use.
//   static std::string Type();                       the type, for people
//   static Value Schema();                           the type as JSON Schema
//   static bool Parse(const Value&, const std::string& key, Diagnostics*, T*);
//   static std::string Format(const T&);             a default value, as written in a Kurfile
template <class T>
struct FieldTraits;

// Reports that `value` is not what was expected. Returns false.
bool ReportType(const Value& value, const std::string& key, absl::string_view expected,
                Diagnostics* diagnostics);

template <>
struct FieldTraits<bool> {
  static std::string Type() { return "boolean"; }
  static Value Schema() { return TypeSchema("boolean"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics, bool* to);
  static std::string Format(bool value) { return value ? "yes" : "no"; }
};

template <>
struct FieldTraits<int64_t> {
  static std::string Type() { return "integer"; }
  static Value Schema() { return TypeSchema("integer"); }
  // Accepts 32.0 as 32, because "{{ 64 / 2 }}" gives a float.
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    int64_t* to);
  static std::string Format(int64_t value) { return absl::StrCat(value); }
};

template <>
struct FieldTraits<double> {
  static std::string Type() { return "number"; }
  static Value Schema() { return TypeSchema("number"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    double* to);
  static std::string Format(double value) { return FormatFloat(value); }
};

template <>
struct FieldTraits<std::string> {
  static std::string Type() { return "string"; }
  static Value Schema() { return TypeSchema("string"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    std::string* to);
  static std::string Format(const std::string& value) { return value; }
};

template <>
struct FieldTraits<FileReference> {
  static std::string Type() { return "path"; }
  static Value Schema() { return TypeSchema("string"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    FileReference* to);
  static std::string Format(const FileReference& value) { return value.path; }
};

// Accepts any value unchanged.
template <>
struct FieldTraits<Value> {
  static std::string Type() { return "any value"; }
  static Value Schema() { return Value(Dict()); }
  static bool Parse(const Value& value, const std::string&, Diagnostics*, Value* to) {
    *to = value;
    return true;
  }
  static std::string Format(const Value& value) { return value.is_null() ? "" : ToJson(value); }
};

// Reads null as absent.
template <class T>
struct FieldTraits<std::optional<T>> {
  static std::string Type() { return FieldTraits<T>::Type(); }
  static Value Schema() { return FieldTraits<T>::Schema(); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    std::optional<T>* to) {
    if (value.is_null()) {
      to->reset();
      return true;
    }
    T parsed{};
    if (!FieldTraits<T>::Parse(value, key, diagnostics, &parsed)) return false;
    *to = std::move(parsed);
    return true;
  }
  static std::string Format(const std::optional<T>& value) {
    return value.has_value() ? FieldTraits<T>::Format(*value) : "null";
  }
};

// True if FieldTraits<T>::Parse() accepts null. For other types, a null under an optional key has
// the same meaning as a missing key.
template <class T>
struct ParsesNull : std::false_type {};
template <>
struct ParsesNull<Value> : std::true_type {};
template <class T>
struct ParsesNull<std::optional<T>> : std::true_type {};

// Reads a list, or one element in place of a list of one.
template <class T>
struct FieldTraits<std::vector<T>> {
  static std::string Type() {
    return absl::StrCat(FieldTraits<T>::Type(), " or list of ", FieldTraits<T>::Type(), "s");
  }
  static Value Schema() {
    Dict list;
    list.Set(Value("type"), Value("array"));
    list.Set(Value("items"), FieldTraits<T>::Schema());
    return AnyOfSchema({FieldTraits<T>::Schema(), Value(std::move(list))});
  }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    std::vector<T>* to) {
    to->clear();
    if (!value.is_list()) {
      T parsed{};
      if (!FieldTraits<T>::Parse(value, key, diagnostics, &parsed)) return false;
      to->push_back(std::move(parsed));
      return true;
    }
    bool good = true;
    for (size_t i = 0; i < value.as_list().size(); ++i) {
      T parsed{};
      good &= FieldTraits<T>::Parse(value.as_list()[i], absl::StrCat(key, "[", i, "]"), diagnostics,
                                    &parsed);
      to->push_back(std::move(parsed));
    }
    return good;
  }
  static std::string Format(const std::vector<T>& value) {
    return absl::StrCat("[",
                        absl::StrJoin(value, ", ",
                                      [](std::string* out, const T& element) {
                                        out->append(FieldTraits<T>::Format(element));
                                      }),
                        "]");
  }
};

// Reads a dictionary whose keys are names.
template <class T>
struct FieldTraits<std::map<std::string, T>> {
  static std::string Type() { return absl::StrCat("dictionary of ", FieldTraits<T>::Type(), "s"); }
  static Value Schema() {
    Dict dict;
    dict.Set(Value("type"), Value("object"));
    dict.Set(Value("additionalProperties"), FieldTraits<T>::Schema());
    return Value(std::move(dict));
  }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    std::map<std::string, T>* to) {
    to->clear();
    if (!value.is_dict()) return ReportType(value, key, "a dictionary", diagnostics);
    bool good = true;
    for (const auto& [name, entry] : value.as_dict()) {
      if (!name.is_string()) {
        good = ReportType(name, key, "a name", diagnostics);
        continue;
      }
      good &= FieldTraits<T>::Parse(entry, absl::StrCat(key, ".", name.as_string()), diagnostics,
                                    &(*to)[name.as_string()]);
    }
    return good;
  }
  static std::string Format(const std::map<std::string, T>& value) {
    return absl::StrCat("{",
                        absl::StrJoin(value, ", ",
                                      [](std::string* out, const auto& entry) {
                                        absl::StrAppend(out, entry.first, ": ",
                                                        FieldTraits<T>::Format(entry.second));
                                      }),
                        "}");
  }
};

// A condition on a value of the right type: its text, which follows "must be", and its test.
template <class T>
struct Condition {
  std::string text;
  std::function<bool(const T&)> holds;
  // The keywords of JSON Schema that express the condition, as far as possible.
  Dict keywords = {};
};

// Returns {keyword: bound}.
Dict BoundKeyword(absl::string_view keyword, double bound);

inline Condition<int64_t> AtLeast(int64_t least) {
  return {absl::StrCat("at least ", least), [least](int64_t value) { return value >= least; },
          BoundKeyword("minimum", static_cast<double>(least))};
}
inline Condition<std::vector<int64_t>> EachAtLeast(int64_t least) {
  return {absl::StrCat("at least ", least), [least](const std::vector<int64_t>& values) {
            for (const int64_t value : values) {
              if (value < least) return false;
            }
            return !values.empty();
          }};
}
inline Condition<double> Positive() {
  return {"greater than 0", [](double value) { return value > 0 && std::isfinite(value); },
          BoundKeyword("exclusiveMinimum", 0)};
}
inline Condition<double> NotNegative() {
  return {"0 or greater", [](double value) { return value >= 0 && std::isfinite(value); },
          BoundKeyword("minimum", 0)};
}
// Requires a value in [low, high).
inline Condition<double> InRange(double low, double high) {
  return {absl::StrCat("at least ", low, " and less than ", high),
          [=](double value) { return value >= low && value < high; }, BoundKeyword("minimum", low)};
}

// Accepts an absent value, too.
template <class T>
Condition<std::optional<T>> IfGiven(Condition<T> condition) {
  return {condition.text, [holds = condition.holds](const std::optional<T>& value) {
            return !value.has_value() || holds(*value);
          }};
}

// The keys of a kind, each declared once. The table reads a spec from a dictionary, refuses unknown
// keys with the nearest known name, and documents itself. A member may belong to a base class of
// Spec. The default of an optional key is the member's initial value. Build a table once, as a
// function-local static. Not thread-safe while being built; thread-safe for reading.
//
//   const Fields<DropoutSpec>& DropoutFields() {
//     static const auto* fields = new Fields<DropoutSpec>(
//         Fields<DropoutSpec>()
//             .Required("fraction", &DropoutSpec::fraction, "share of values set to 0",
//                       InRange(0, 1))
//             .Shorthand("fraction"));
//     return *fields;
//   }
template <class Spec>
class Fields {
 public:
  template <class T, class Owner>
  Fields& Required(std::string name, T Owner::*member, std::string doc,
                   Condition<T> condition = {}) {
    return Add<T>(std::move(name), member, std::move(doc), std::move(condition), /*required=*/true,
                  {});
  }
  template <class T, class Owner>
  Fields& Optional(std::string name, T Owner::*member, std::string doc,
                   Condition<T> condition = {}) {
    return Add<T>(std::move(name), member, std::move(doc), std::move(condition), /*required=*/false,
                  {});
  }
  // Adds an optional string out of `choices`. The case of the letters does not matter; the member
  // gets the spelling of `choices`.
  template <class T, class Owner>
  Fields& Choice(std::string name, T Owner::*member, std::vector<std::string> choices,
                 std::string doc) {
    return Add<T>(std::move(name), member, std::move(doc), {}, /*required=*/false,
                  std::move(choices));
  }
  // Sets an example value of the field added last, as written in a Kurfile.
  Fields& Example(std::string example) {
    fields_.back().info.example = std::move(example);
    return *this;
  }
  // Declares that the field added last is a dictionary with these keys.
  Fields& Keys(KeyTable keys) {
    fields_.back().info.keys = std::make_shared<const KeyTable>(std::move(keys));
    return *this;
  }
  // Declares that the field added last holds kinds of a category: "layer", "supplier", "optimizer",
  // "loss".
  Fields& Kinds(std::string category) {
    fields_.back().info.category = std::move(category);
    return *this;
  }
  // Declares that the field added last is a list of containers of a model.
  Fields& Containers() { return Kinds("layer"); }

  // Lets a value that is not a dictionary set the field `name`: `dense: 10`.
  Fields& Shorthand(std::string name) {
    shorthand_ = std::move(name);
    return *this;
  }

  // Reads `value` into `*spec`. `key` is the path for messages. Returns false after an error.
  bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
             Spec* spec) const {
    if (!value.is_dict() && !(value.is_null() && shorthand_.empty())) {
      return ParseShorthand(value, key, diagnostics, spec);
    }
    bool good = true;
    static const Dict kEmpty;
    const Dict& dict = value.is_dict() ? value.as_dict() : kEmpty;
    for (const auto& [name, entry] : dict) {
      const Field* field = name.is_string() ? Find(name.as_string()) : nullptr;
      if (field == nullptr) {
        diagnostics->Error(name.location(), key,
                           absl::StrCat("unknown key ", Describe(name), Hint(name)));
        good = false;
        continue;
      }
      good &= field->parse(entry, absl::StrCat(key, ".", field->info.name), diagnostics, spec);
    }
    for (const Field& field : fields_) {
      if (field.info.required && !dict.Contains(field.info.name)) {
        diagnostics->Error(value.location(), key,
                           absl::StrCat("missing key '", field.info.name, "': ", field.info.doc));
        good = false;
      }
    }
    return good;
  }

  KeyTable Describe() const {
    KeyTable table;
    for (const Field& field : fields_) table.fields.push_back(field.info);
    table.shorthand = shorthand_;
    return table;
  }

 private:
  struct Field {
    FieldInfo info;
    std::function<bool(const Value&, const std::string&, Diagnostics*, Spec*)> parse;
  };

  static std::string Describe(const Value& value) { return kur::Describe(value); }

  template <class T>
  Fields& Add(std::string name, T Spec::*member, std::string doc, Condition<T> condition,
              bool required, std::vector<std::string> choices) {
    Field field;
    field.info.name = std::move(name);
    field.info.doc = std::move(doc);
    field.info.required = required;
    field.info.type = choices.empty() ? FieldTraits<T>::Type()
                                      : absl::StrCat("one of: ", absl::StrJoin(choices, ", "));
    if (!required) field.info.default_value = FieldTraits<T>::Format(Spec().*member);
    field.info.schema = MakeSchema<T>(condition, choices);
    field.parse = [member, condition, choices, required](const Value& value, const std::string& key,
                                                         Diagnostics* diagnostics, Spec* spec) {
      if (value.is_null() && !required && !ParsesNull<T>::value) return true;
      T parsed{};
      if (!FieldTraits<T>::Parse(value, key, diagnostics, &parsed)) return false;
      if (condition.holds && !condition.holds(parsed)) {
        diagnostics->Error(
            value.location(), key,
            absl::StrCat("must be ", condition.text, ", got ", kur::Describe(value)));
        return false;
      }
      if (!choices.empty() && !NormalizeChoice(choices, &parsed)) {
        const std::string near = value.is_string() ? DidYouMean(value.as_string(), choices) : "";
        diagnostics->Error(value.location(), key,
                           absl::StrCat("must be one of: ", absl::StrJoin(choices, ", "), "; got ",
                                        kur::Describe(value), near));
        return false;
      }
      spec->*member = std::move(parsed);
      return true;
    };
    fields_.push_back(std::move(field));
    return *this;
  }

  template <class T>
  static Value MakeSchema(const Condition<T>& condition, const std::vector<std::string>& choices) {
    Value schema = FieldTraits<T>::Schema();
    if (choices.empty() && condition.keywords.empty()) return schema;
    Dict dict = choices.empty() ? schema.as_dict() : Dict();
    for (const auto& [keyword, bound] : condition.keywords) dict.Set(keyword, bound);
    if (!choices.empty()) {
      Value::List words;
      for (const std::string& choice : choices) words.emplace_back(choice);
      dict.Set(Value("enum"), Value(std::move(words)));
    }
    return Value(std::move(dict));
  }

  template <class T>
  static bool NormalizeChoice(const std::vector<std::string>&, T*) {
    return true;
  }
  static bool NormalizeChoice(const std::vector<std::string>& choices, std::string* value) {
    for (const std::string& choice : choices) {
      if (!absl::EqualsIgnoreCase(choice, *value)) continue;
      *value = choice;
      return true;
    }
    return false;
  }
  static bool NormalizeChoice(const std::vector<std::string>& choices,
                              std::optional<std::string>* value) {
    return !value->has_value() || NormalizeChoice(choices, &**value);
  }

  bool ParseShorthand(const Value& value, const std::string& key, Diagnostics* diagnostics,
                      Spec* spec) const {
    const Field* field = shorthand_.empty() ? nullptr : Find(shorthand_);
    if (field == nullptr) return ReportType(value, key, "a dictionary", diagnostics);
    bool good = field->parse(value, key, diagnostics, spec);
    for (const Field& other : fields_) {
      if (other.info.required && &other != field) {
        diagnostics->Error(value.location(), key,
                           absl::StrCat("missing key '", other.info.name, "': ", other.info.doc));
        good = false;
      }
    }
    return good;
  }

  const Field* Find(absl::string_view name) const {
    for (const Field& field : fields_) {
      if (field.info.name == name) return &field;
    }
    return nullptr;
  }

  std::string Hint(const Value& name) const {
    std::vector<std::string> known;
    for (const Field& field : fields_) known.push_back(field.info.name);
    if (known.empty()) return "; no keys are known here";
    const std::string near = name.is_string() ? DidYouMean(name.as_string(), known) : "";
    return near.empty() ? absl::StrCat("; known keys: ", absl::StrJoin(known, ", ")) : near;
  }

  std::vector<Field> fields_;
  std::string shorthand_;
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_FIELDS_H_
