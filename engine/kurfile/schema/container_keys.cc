#include "engine/kurfile/schema/container_keys.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace kur {

bool Truthy(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return false;
    case Value::Type::kBool:
      return value.as_bool();
    case Value::Type::kInt:
    case Value::Type::kFloat:
      return value.as_float() != 0;
    case Value::Type::kString:
      return !value.as_string().empty();
    case Value::Type::kList:
      return !value.as_list().empty();
    case Value::Type::kDict:
      return !value.as_dict().empty();
  }
  return false;
}

std::vector<std::string> Names::strings() const {
  std::vector<std::string> names;
  for (const Value& value : values) names.push_back(value.as_string());
  return names;
}

bool FieldTraits<Names>::Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                               Names* to) {
  const Value::List list = value.is_list() ? value.as_list() : Value::List{value};
  for (const Value& element : list) {
    if (element.is_dict() || element.is_list() || element.is_null()) {
      return ReportType(value, key, "a name or a list of names", diagnostics);
    }
    // A number is also a name: `name: 3`.
    const std::string name = element.is_string() ? element.as_string() : ToJson(element);
    to->values.push_back(Value(name).At(element.location()));
  }
  return true;
}

Value FieldTraits<Names>::Schema() { return FieldTraits<std::vector<std::string>>::Schema(); }

Value FieldTraits<LenientBool>::Schema() {
  Dict words;
  Value::List list;
  for (const char* word : {"yes", "true", "on", "no", "false", "off"}) list.emplace_back(word);
  words.Set(Value("enum"), Value(std::move(list)));
  return AnyOfSchema({TypeSchema("boolean"), Value(std::move(words))});
}

bool FieldTraits<LenientBool>::Parse(const Value& value, const std::string& key,
                                     Diagnostics* diagnostics, LenientBool* to) {
  if (!value.is_string()) return FieldTraits<bool>::Parse(value, key, diagnostics, &to->on);
  const std::string word = absl::AsciiStrToLower(value.as_string());
  to->on = word == "yes" || word == "true" || word == "on";
  if (to->on || word == "no" || word == "false" || word == "off") return true;
  return ReportType(value, key, "yes or no", diagnostics);
}

const Fields<ContainerKeys>& ContainerFields() {
  static const auto* const kFields = new Fields<ContainerKeys>(
      Fields<ContainerKeys>()
          .Optional("name", &ContainerKeys::name,
                    "what others call it; of an operator: what its last layer is called too")
          .Example("labels")
          .Optional("tag", &ContainerKeys::tag,
                    "names that {{ tags.NAME }} resolves to the latest container that has them")
          .Example("[encoder, skip]")
          .Optional("oldest", &ContainerKeys::oldest,
                    "names that {{ oldest.NAME }} resolves to the first container that has them")
          .Example("encoder")
          .Optional("inputs", &ContainerKeys::inputs,
                    "the layers that it takes as input; default: the one before it")
          .Example("[left, right]")
          .Optional("sink", &ContainerKeys::sink, "makes it an output even if others use it")
          .Example("yes")
          .Optional(
              "freeze", &ContainerKeys::freeze,
              "is not trained: its weights stay as they are, but for the running statistics of "
              "batch_normalization; default: as the container around")
          .Example("yes")
          .Optional("when", &ContainerKeys::when, "leaves the container out if this is false")
          .Example("\"{{ depth > 2 }}\""));
  return *kFields;
}

const std::vector<std::string>& ContainerKeyNames() {
  static const auto* const names = [] {
    auto* list = new std::vector<std::string>();
    for (const FieldInfo& field : ContainerFields().Describe().fields) list->push_back(field.name);
    return list;
  }();
  return *names;
}

}  // namespace kur
