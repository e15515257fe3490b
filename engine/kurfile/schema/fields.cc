#include "engine/kurfile/schema/fields.h"

#include "engine/value/secret_reference.h"

namespace kur {

Value TypeSchema(absl::string_view type) {
  Dict dict;
  dict.Set(Value("type"), Value(type));
  return Value(std::move(dict));
}

Value AnyOfSchema(std::vector<Value> alternatives) {
  Dict dict;
  dict.Set(Value("anyOf"), Value(std::move(alternatives)));
  return Value(std::move(dict));
}

Dict BoundKeyword(absl::string_view keyword, double bound) {
  Dict dict;
  dict.Set(Value(keyword), Value(bound));
  return dict;
}

bool ReportType(const Value& value, const std::string& key, absl::string_view expected,
                Diagnostics* diagnostics) {
  diagnostics->Error(
      value.location(), key,
      absl::StrCat("expected ", expected, ", got ", value.is_null() ? "nothing" : Describe(value)));
  return false;
}

namespace {

// Reports a secret under a key that is not made for one: it would be taken for a plain text.
bool RefuseSecret(const Value& value, const std::string& key, Diagnostics* diagnostics) {
  if (!SecretNameIn(value.as_string()).has_value()) return true;
  diagnostics->Error(value.location(), key,
                     absl::StrCat("no secret may stand here; ", kSecretPlaces));
  return false;
}

}  // namespace

bool FieldTraits<bool>::Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                              bool* to) {
  if (!value.is_bool()) return ReportType(value, key, "yes or no", diagnostics);
  *to = value.as_bool();
  return true;
}

bool FieldTraits<int64_t>::Parse(const Value& value, const std::string& key,
                                 Diagnostics* diagnostics, int64_t* to) {
  constexpr double kExactLimit = 9007199254740992.0;  // 2^53: beyond, floats skip integers
  if (value.is_int()) {
    *to = value.as_int();
    return true;
  }
  if (value.is_float() && std::trunc(value.as_float()) == value.as_float() &&
      std::fabs(value.as_float()) <= kExactLimit) {
    *to = static_cast<int64_t>(value.as_float());
    return true;
  }
  return ReportType(value, key, "an integer", diagnostics);
}

bool FieldTraits<double>::Parse(const Value& value, const std::string& key,
                                Diagnostics* diagnostics, double* to) {
  if (!value.is_number()) return ReportType(value, key, "a number", diagnostics);
  *to = value.as_float();
  return true;
}

bool FieldTraits<std::string>::Parse(const Value& value, const std::string& key,
                                     Diagnostics* diagnostics, std::string* to) {
  // The text "2023" is a number once it was evaluated, and a name of many a column and folder.
  if (value.is_int()) {
    *to = absl::StrCat(value.as_int());
    return true;
  }
  if (!value.is_string()) return ReportType(value, key, "a string", diagnostics);
  *to = value.as_string();
  return RefuseSecret(value, key, diagnostics);
}

bool FieldTraits<FileReference>::Parse(const Value& value, const std::string& key,
                                       Diagnostics* diagnostics, FileReference* to) {
  if (!value.is_string() || value.as_string().empty()) {
    return ReportType(value, key, "a path", diagnostics);
  }
  if (absl::StrContains(value.as_string(), '\0')) {
    return ReportType(value, key, "a path without NUL", diagnostics);
  }
  to->path = value.as_string();
  to->location = value.location();
  to->key = key;
  return RefuseSecret(value, key, diagnostics);
}

}  // namespace kur
